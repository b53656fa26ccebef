"""What the site is made of besides its pages: ``python docs/making NAME [FOLDER]`` draws one figure."""
