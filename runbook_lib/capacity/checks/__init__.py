"""Pure checks of use, growth and settings."""
