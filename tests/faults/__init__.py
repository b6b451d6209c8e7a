"""What goes wrong around the shop, acted out: a provider that misbehaves, processes that die."""
