"""Who may sit at the desk: sittings, second factors, invitations, and the log of what people did."""
