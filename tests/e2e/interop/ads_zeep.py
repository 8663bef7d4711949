"""Calls the market through the gateway with zeep as Debian ships it. Reads one JSON object on standard input, writes one.

Only the name server is ours: every host name leads to the gateway under test, so that zeep and requests are unchanged and
the TLS server name and Host are the market's own.
"""

import base64
import gzip
import json
import socket
import sys

import requests
import zeep
from lxml import etree

told = json.load(sys.stdin)
ordinary_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host, port, *others, **named):
    if host.endswith(".caiso.com"):
        host, port = "127.0.0.1", told["port"]
    return ordinary_getaddrinfo(host, port, *others, **named)


socket.getaddrinfo = getaddrinfo


def session_of(caller):
    session = requests.Session()
    session.trust_env = False
    session.cert = (caller["certificate"], caller["key"])
    session.verify = told["authority"]
    return session


def dispatches():
    transport = zeep.Transport(session=session_of(told["user"]))
    client = zeep.Client(told["ads"] + "?WSDL", transport=transport)
    listed = client.service.getDispatchBatchesSinceUID("-1")
    uids = [batch.get("batchUID") for batch in etree.fromstring(listed).iter("{*}DispatchBatch")]
    packed = client.service.getDispatchBatch(uids[-1])
    batch = etree.fromstring(gzip.decompress(base64.b64decode(packed)))
    return {
        "address": client.service._binding_options["address"],
        "uids": uids,
        "root": etree.QName(batch).localname,
        "uid": batch.get("batchUID"),
        "instructions": len(list(batch.iter("{*}instruction"))),
        "hasNewTrajectories": client_call(told["user"], client, "isNewTrajData"),
        "status": client_call(told["user"], client, "getBatchStatus", uids[-1]),
        "unknownBatch": fault_of(told["user"], client, "getDispatchBatch", "DISP-none"),
        "stranger": fault_of(told["stranger"], client, "getDispatchBatchesSinceUID"),
    }


def client_call(caller, client, operation, uid="-1"):
    client.transport.session = session_of(caller)
    return client.service[operation](uid)


def fault_of(caller, client, operation, uid="-1"):
    try:
        client_call(caller, client, operation, uid)
    except zeep.exceptions.Fault as fault:
        description = fault.detail.find(".//{*}description")
        return {
            "message": fault.message,
            "code": fault.code,
            "description": None if description is None else description.text,
        }
    return None


def descriptions():
    """Every description of the simulator, as zeep understands it: operation and arguments by path."""
    read = {}
    for path in told["paths"]:
        client = zeep.Client(told["simulator"] + path + "?wsdl")
        (service,) = client.wsdl.services.values()
        (port,) = service.ports.values()
        read[path] = {
            name: operation.input.signature() for name, operation in port.binding._operations.items()
        }
    return read


json.dump({"dispatches": dispatches(), "descriptions": descriptions()}, sys.stdout)
