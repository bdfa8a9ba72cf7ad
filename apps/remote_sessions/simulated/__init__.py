"""Our side of the simulated operator: the gateway to it and the door for what it sends."""
