"""The archive: what runs did, written as it happened, sealed at the end, and checkable afterwards."""
