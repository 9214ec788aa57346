"""Consents: the ledger of consent events, the state that follows by a policy, and that none is lost."""
