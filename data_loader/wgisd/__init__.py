"""WGISD: Embrapa's Wine Grape Instance Segmentation Dataset."""
