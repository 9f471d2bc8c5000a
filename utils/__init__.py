"""What every other folder may use: config, registry, arguments, logger, seeds. Imports nothing of the other folders."""
