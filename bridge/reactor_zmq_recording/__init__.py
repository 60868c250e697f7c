"""Records runs as MCAP, plays recordings to models again, and makes films of them."""
