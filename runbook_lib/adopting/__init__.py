"""From a Compose project to a draft of its environment file: what is known, where from, and what is left to say."""
