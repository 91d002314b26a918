"""GW2 WvW Builder API: builds, squads and their history, for the lab's staging server."""

__version__ = "3.1.0"
