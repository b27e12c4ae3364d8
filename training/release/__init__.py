"""From a fitted network to a checkpoint that others can rely on: card, scores, domain."""
