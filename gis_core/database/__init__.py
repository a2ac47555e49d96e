"""What talks to PostgreSQL itself: tables made in one go, installed functions and triggers, former releases, templates."""
