"""Type descriptors (internal/abi) and values by their type; maps of both designs."""
