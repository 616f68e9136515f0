"""The same fitted model behind other servers, each as its own documentation shows it."""
