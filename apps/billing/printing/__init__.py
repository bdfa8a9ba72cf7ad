"""An issued invoice on paper: everything comes from the invoice, nothing from today."""
