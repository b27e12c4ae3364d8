"""What classes of bonds buy: small networks with each kind of classes, beside what has none."""
