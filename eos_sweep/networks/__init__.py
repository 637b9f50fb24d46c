"""Array models, of which one trajectory is a network: what drives them, and what they share."""
