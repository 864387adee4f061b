"""What every request passes before the routes: who may ask, how much, how fast, and in which form refusals leave."""
