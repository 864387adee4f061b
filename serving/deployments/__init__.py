"""Ray Serve around the plain classes.

    client -> JoinedGateway (middleware, routes, decoding, batches, forward pass)
                  -> IndexOwner (the index, kept images, feedback)
                  -> JobRunner (bulk ingest, by way of both)

With several replicas of the model, and on a cluster (`layout` in the settings):

    client -> proxy (middleware) -> Gateway (routes, decoding) -> ModelReplica (batches, forward pass)
                                                               -> IndexOwner, JobRunner

Ray listens on every interface of the machine with ports of its own, whatever `host` says: only HTTP keeps to `host`.
Let only trusted machines reach those ports (a firewall, a NetworkPolicy), and set RAY_AUTH_MODE=token on a cluster.
"""
