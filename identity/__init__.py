"""Who may do what: users, roles, scopes, tokens and the audit trail."""
