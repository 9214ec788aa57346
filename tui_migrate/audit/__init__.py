"""What proves the run: journal (facts of the run), trail (facts per profile), seals, vault, objects."""
