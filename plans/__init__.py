"""What is sold and held: catalogue, versions, prices, rating, subscriptions."""
