"""What the service keeps: products, thumbnails, feedback, jobs; and how it is erased."""
