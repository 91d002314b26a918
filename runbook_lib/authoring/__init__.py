"""What authors need: pages of docs/ that are made from the code, and the rules a notebook has to follow."""
