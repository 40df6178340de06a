# One purchase by a Python client made from the document (openapi-python-client). Arguments: the gateway, an event's id.
import json
import sys
import time
from uuid import UUID

from evently_client import AuthenticatedClient, Client
from evently_client.api.authentication import register
from evently_client.api.bookings import confirm_booking, create_booking, get_booking
from evently_client.api.events import list_seats
from evently_client.models import (
    BookingSeatsUnavailableResponse,
    ConfirmBookingRequest,
    ConfirmBookingRequestPaymentDetails,
    ConfirmBookingResponse,
    CreateBookingRequest,
    CreateBookingResponse,
    GetBookingResponse,
    ListSeatsResponse,
    RegisterRequest,
    RegisterResponse,
)

base_url, event_id = sys.argv[1:3]

email = f"python-{time.time_ns()}@example.test"
person = RegisterRequest(email=email, password="SecurePass123!", full_name="Мария Питон")
registered = register.sync(client=Client(base_url), body=person)
assert isinstance(registered, RegisterResponse), registered
client = AuthenticatedClient(base_url, token=registered.data.access_token)

seats = list_seats.sync(event_id, client=client)
assert isinstance(seats, ListSeatsResponse), seats
seat = seats.data.sections[0].rows[0].seats[0]

wanted = CreateBookingRequest(event_id=UUID(event_id), seat_ids=[seat.id])
created = create_booking.sync(client=client, body=wanted, idempotency_key=f"py-{time.time_ns()}")
assert isinstance(created, CreateBookingResponse), created
booking_id = str(created.data.booking.id)

# The refusal of the same seats: its code decides what its details are.
lost = create_booking.sync(client=client, body=wanted)
assert isinstance(lost, BookingSeatsUnavailableResponse), lost

card = ConfirmBookingRequestPaymentDetails(token="tok_visa")
payment = ConfirmBookingRequest(payment_method="credit_card", payment_details=card)
paid = confirm_booking.sync(booking_id, client=client, body=payment)
assert isinstance(paid, ConfirmBookingResponse), paid

shown = get_booking.sync(booking_id, client=client)
assert isinstance(shown, GetBookingResponse), shown
booking = shown.data.booking
print(
    json.dumps(
        {
            "status": booking.status,
            "code": booking.booking_code,
            "tickets": len(booking.tickets),
            "refused": lost.error.code,
        }
    )
)
