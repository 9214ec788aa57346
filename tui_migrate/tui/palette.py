"""The palette: what the present screen can do, in the order of its keys; then the colours."""

from __future__ import annotations

from textual.command import DiscoveryHit, Hit, Hits, Provider


class Palette(Provider):
    """Offers the application's commands in their own order; letters are looked for in name and help."""

    async def discover(self) -> Hits:
        """All of them."""
        for command in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(command.title, command.callback, help=command.help)

    async def search(self, query: str) -> Hits:
        """Those that fit ``query``, by name before by help."""
        matcher = self.matcher(query)
        for command in self.app.get_system_commands(self.screen):
            by_name, by_help = matcher.match(command.title), matcher.match(command.help) / 2
            if max(by_name, by_help) <= 0:
                continue
            shown = matcher.highlight(command.title) if by_name > 0 else command.title
            yield Hit(max(by_name, by_help), shown, command.callback, help=command.help)
