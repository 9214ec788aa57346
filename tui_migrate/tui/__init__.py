"""The screens: guests of the engine, and the only ones who know Textual."""
