"""nameko extensions: what a service class declares to have a store, handlers of events, RPC and web doors."""
