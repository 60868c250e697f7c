"""The composition root: the front end process with its supervisor."""
