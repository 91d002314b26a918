"""A whole staging server on one machine: engine, images, instances, and the reference application it runs."""
