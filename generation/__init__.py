"""What machines do: agents, engines, the embedded model and the workers that run them."""
