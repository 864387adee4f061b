"""How much of products will be sold, from how much was."""

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from catalog.arrays import Floats
from catalog.demand import History, Terms, needs_neighbours, outlooks
from serving.api import examples
from serving.api.context import Context, respond
from serving.api.openapi import INDEX, json_body, operation
from serving.api.schemas.offers.demand import DemandRequest, DemandResponse, to_demand

router = APIRouter(tags=["offers"])


@router.post(
    "/v1/demand",
    response_model=DemandResponse,
    **operation(
        "Weekly demand and reorder points",
        examples.DEMAND,
        body=json_body(DemandRequest, examples.DEMAND_REQUEST),
        raises=INDEX,
    ),
)
async def forecast_demand(context: Context, request: Request) -> Response:
    """Each product by the method that would have been best for its own history; a new one from the recent weeks of the
    products of the request that are nearest to it by their stored embeddings. Nothing is stored.
    """
    asked = await context.json(request, DemandRequest)
    histories = [History(one.id, np.array(one.sales)) for one in asked.histories]
    embeddings: dict[str, Floats] = {}
    if needs_neighbours(histories):
        found = await context.store.get(list(dict.fromkeys(one.id for one in histories)))
        readable = [one for one in found if one and one.understanding.modalities_used]
        embeddings = {one.id: one.understanding.embedding for one in readable}
    terms = Terms(asked.horizon, asked.coverage, asked.lead_time_weeks, asked.service_level)
    told = await context.in_thread(outlooks, histories, embeddings, terms)
    return respond(DemandResponse(coverage=asked.coverage, forecasts=[to_demand(one) for one in told]))
