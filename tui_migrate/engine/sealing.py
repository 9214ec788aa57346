"""The engine and its seals: whether they stand behind the journal, and the key that signs them."""

from __future__ import annotations

from collections.abc import Callable

from tui_migrate.audit.chain import key_problems, seal_problems
from tui_migrate.audit.entries import Entry, SealKeyMade
from tui_migrate.audit.sealkey import KEY_SPACE, KeyPlace, handed_over
from tui_migrate.audit.seals import drop_torn_seal, read_seals
from tui_migrate.engine.core import Core
from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _


def refuse_tampering(core: Core) -> None:
    """Raise ``DataSaysNo`` when the seals do not stand behind what the journal says."""
    drop_torn_seal(core.workspace.seals)
    try:
        seals = list(read_seals(core.workspace.seals))
    except ValueError as error:
        raise DataSaysNo(
            _("Line {} of {} is damaged.").format(error, core.workspace.seals),
            _("Put the file back from a copy. Nothing was changed."),
        ) from error
    problems = [*key_problems(core.chain), *seal_problems(core.chain, seals)]
    if problems:
        raise DataSaysNo(
            _("The journal and its seals do not agree: somebody changed one of them.")
            + f"\n{problems[0].text}",
            _("tui-migrate audit verify says where. Put both back from a copy."),
        )


def ensure_key(core: Core, say: Callable[[str], None]) -> None:
    """Have the key at hand that signs the seals. The first one, and one in place of a lost one, are
    made here and journalled. Raises ``DataSaysNo`` when another one lies there."""
    known = [fact for _seq, fact in core.chain.keys]
    core.seal_key = _place(core).open(known)
    if core.seal_key is None:
        if known:
            say(_("The key of the seals is lost. A new one is made; the journal says so."))
        _new_key(core, "lost" if known else "first")


def rotate_key(core: Core, command: str) -> Entry:
    """A new key for the seals from here on; the present one signs for it."""
    return _new_key(core, "rotated", command)


def _new_key(core: Core, reason: str, command: str = "") -> Entry:
    place = _place(core)
    key, proof = place.propose(), ""
    if reason == "rotated" and core.seal_key is not None:
        proof = core.seal_key.sign(KEY_SPACE, handed_over(core.state.run, key.fingerprint))
    entry = core.record(
        SealKeyMade(key=key.fingerprint, public=key.public, reason=reason, proof=proof), command
    )
    place.adopt(key)
    core.seal_key = key
    return entry


def _place(core: Core) -> KeyPlace:
    return KeyPlace(core.vault.folder, core.workspace.audit)
