#!/usr/bin/env python3
"""Publishes and lists through a node's API with a client made from the published .proto files alone.

usage: grpc_client.py HOST:PORT TOKEN_FILE

Shares no code with the project: grpcio compiles the files of proto/volbridge. Prints one JSON line.
"""

import importlib
import json
import pathlib
import sys
import tempfile

import grpc
from grpc_tools import protoc

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"


def compile_protos(out: str) -> None:
    files = [str(path.relative_to(PROTO)) for path in sorted(PROTO.glob("volbridge/**/*.proto"))]
    args = ["protoc", f"-I{PROTO}", f"--python_out={out}", f"--grpc_python_out={out}", *files]
    if protoc.main(args) != 0:
        raise SystemExit("the published .proto files don't compile")
    sys.path.insert(0, out)


def main() -> None:
    address, token_file = sys.argv[1:]
    token = pathlib.Path(token_file).read_text().strip()
    with tempfile.TemporaryDirectory() as out:
        compile_protos(out)
        node = importlib.import_module("volbridge.node.v1.directory_pb2")
        stubs = importlib.import_module("volbridge.node.v1.directory_pb2_grpc")
        organisation = importlib.import_module("volbridge.record.v1.organisation_pb2")
        listing = importlib.import_module("volbridge.record.v1.listing_pb2")
        common = importlib.import_module("volbridge.record.v1.common_pb2")
        staff = [("authorization", f"Bearer {token}")]
        with grpc.insecure_channel(address) as channel:
            organisations = stubs.OrganisationsStub(channel)
            listings = stubs.ListingsStub(channel)
            host = organisations.Publish(
                node.PublishOrganisationRequest(
                    organisation=organisation.Organisation(
                        language="en",
                        names=[common.LocalText(language="en", text="Library of the independent client")],
                        level="city",
                    )
                ),
                metadata=staff,
                timeout=20,
            )
            published = listings.Publish(
                node.PublishListingRequest(
                    listing=listing.Listing(
                        language="en",
                        organisation=host.subject,
                        title="Read to children on Saturdays",
                        summary="Two hours a week in the city library",
                        description="Read aloud, in Chinese or English.",
                        place=common.Place(country="CN", city="Beijing"),
                        roles=[listing.Role(number=1, title="Reader", tasks="Read aloud", slots=4)],
                        how_to_apply="Write to the library",
                        costs="none",
                        applicants="all",
                    )
                ),
                metadata=staff,
                timeout=20,
            )
            # Without a token: what is public is for everybody.
            found = listings.List(node.ListListingsRequest(query="saturdays"), timeout=20)
            titles = [entry.source.title for entry in found.listings]
            assert "Read to children on Saturdays" in titles, titles
            try:
                listings.Publish(node.PublishListingRequest(), timeout=20)
                raise SystemExit("a caller without a token could publish")
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error.code()
    print(json.dumps({"hash": published.provenance.hash.hex(), "index": published.provenance.index, "total": found.total}))


if __name__ == "__main__":
    main()
