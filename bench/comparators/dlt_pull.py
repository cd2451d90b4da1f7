"""Pull eBay's orders into PostgreSQL with dlt, as its documentation says: the REST API source, merged by key.

It runs in a virtual environment of its own: ``python dlt_pull.py '{"api": ..., "token": ..., "database": ..., "name": ...}'``
does one run of the pipeline ``name`` and prints ``{"seconds": ..., "version": ...}``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any


def main(wanted: dict[str, Any]) -> None:
    os.environ["DLT_DATA_DIR"] = wanted["folder"]
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
    import dlt
    from dlt.sources.rest_api import rest_api_source

    source = rest_api_source(
        {
            "client": {
                "base_url": f"{wanted['api']}/sell/fulfillment/v1/",
                "auth": {"type": "bearer", "token": wanted["token"]},
                "paginator": {"type": "offset", "limit": 200, "total_path": "total"},
            },
            "resources": [
                {
                    "name": "orders",
                    "primary_key": "orderId",
                    "write_disposition": "merge",
                    "endpoint": {
                        "path": "order",
                        "data_selector": "orders",
                        "params": {"filter": "lastmodifieddate:[{incremental.start_value}..]"},
                        "incremental": {"cursor_path": "lastModifiedDate", "initial_value": wanted["since"]},
                    },
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        pipeline_name=wanted["name"],
        destination=dlt.destinations.postgres(wanted["database"]),
        dataset_name=wanted["name"],
        pipelines_dir=wanted["folder"],
    )
    started = time.perf_counter()
    pipeline.run(source)
    print(json.dumps({"seconds": time.perf_counter() - started, "version": dlt.__version__}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
