"""What the partner's owner does at the desk, by tapping."""

import re
from dataclasses import dataclass

from .client import Message, Person, Sim, start_of
from .processes import OWNER


@dataclass(slots=True)
class Desk:
    """The partner's owner at work."""

    sim: Sim
    owner: Person

    @classmethod
    async def opened(cls, sim: Sim) -> "Desk":
        return cls(sim, await sim.person("Pat", user_id=OWNER))

    async def starts_to_sell(self) -> Message:
        """From a new bot to one that sells, as its checklist asks."""
        desk = await self.owner.writes("/start", shows="Workspaces")
        for step in ("Switch credit billing on", "Start with three packs", "Use suggested prices"):
            assert "not selling yet" in desk.text
            desk = await self.owner.taps(step, on=desk.id)
        return await self.owner.taps("Save", on=desk.id)

    async def invites(self, workspace: str) -> str:
        """Make a workspace that renews monthly from today; answers the link for its owner."""
        card = await self.owner.writes("/workspaces", shows="New workspace")
        await self.owner.taps("New workspace", on=card.id)
        question = await self.owner.writes(workspace, shows="Which plan?")
        for answer in ("Business Lite", "UTC", "Today"):
            question = await self.owner.taps(answer, on=question.id)
        copied = question.button("Copy the link")
        assert copied is not None, question
        assert copied.copies is not None, question
        return copied.copies

    async def customer(self, name: str, workspace: str) -> Person:
        """Somebody new who owns a new workspace and looks at it."""
        link = await self.invites(workspace)
        person = await self.sim.person(name)
        await person.writes(start_of(link), shows=workspace)
        return person

    async def gives(self, workspace: str, amount: str, reason: str) -> Message:
        """Points by hand: "+50", "-20"."""
        command = f"/points {await self.number(workspace)} {amount} {reason}"
        return await self.owner.writes(command, shows=reason)

    async def number(self, workspace: str) -> int:
        """The number that the desk knows a workspace by, from its button's data."""
        found = (await self.owner.writes(f"/workspaces {workspace}", shows=f"“{workspace}”")).button(
            workspace
        )
        assert found is not None, workspace
        assert found.data is not None, workspace
        return int(re.findall(r"\d+", found.data)[0])
