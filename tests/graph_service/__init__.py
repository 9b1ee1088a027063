"""The graph in Neo4j as users meet it: replicas, workers and servers as processes of their own."""
