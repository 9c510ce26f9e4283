"""Pages for those who run the service: people, keys, webhooks, audit log, rules."""
