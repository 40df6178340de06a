// Made from the OpenAPI document of the Registrations API by `npm run sdk`: do not edit it.

export interface paths {
    "/api/billetter/registrations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Registrations for your events */
        get: operations["listRegistrations"];
        put?: never;
        /** Register a participant */
        post: operations["createRegistration"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/registrations/{registrationId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One registration */
        get: operations["getRegistration"];
        /** Change the ticket type or the metadata */
        put: operations["updateRegistration"];
        post?: never;
        /** Cancel a registration */
        delete: operations["cancelRegistration"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/tickets/generate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The ticket of a registration */
        post: operations["generateTicket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/tickets/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Check a ticket in */
        post: operations["validateTicket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/registrations/{registrationId}/qr.png": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ticket file qr.png */
        get: operations["getTicketPng"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/registrations/{registrationId}/qr.svg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ticket file qr.svg */
        get: operations["getTicketSvg"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/registrations/{registrationId}/ticket.pdf": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ticket file ticket.pdf */
        get: operations["getTicketPdf"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/tickets/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** One operation on many tickets */
        post: operations["bulkTickets"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/tickets/bulk/{jobId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far a bulk operation is, and its results */
        get: operations["getBulkJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/events/{eventId}/capacity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How full an event is */
        get: operations["getCapacity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/events/{eventId}/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change capacity, waitlist and deadline */
        put: operations["updateEventSettings"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/events/{eventId}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Figures of the registrations */
        get: operations["getStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your webhooks */
        get: operations["listWebhooks"];
        put?: never;
        /** Create a webhook */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A webhook */
        get: operations["getWebhook"];
        /** Change a webhook */
        put: operations["updateWebhook"];
        post?: never;
        /** Delete a webhook */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/webhooks/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a webhook a new secret */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/webhooks/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Hold deliveries back */
        post: operations["pauseWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/webhooks/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let deliveries go */
        post: operations["resumeWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a test event */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a webhook was sent */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/webhooks/{id}/deliveries/{deliveryId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A delivery */
        get: operations["getWebhookDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/webhooks/{id}/deliveries/{deliveryId}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a delivery once more */
        post: operations["replayWebhookDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/billetter/webhooks/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make the deliveries of a time once more */
        post: operations["replayWebhookDeliveries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        CreateRegistrationRequest: {
            /**
             * @description Your own id of somebody.
             * @example participant-123
             */
            participantId: string;
            /**
             * @description The event's name in addresses, or its UUID.
             * @example hackathon-2025
             */
            eventId: string;
            /**
             * @description A ticket type of the event, by its name in any case of letters.
             * @example standard
             */
            ticketType: string;
            /**
             * @description Whatever the organizer keeps about a participant: at most 16 KB of JSON, 5 levels deep, keys of at most 100 characters. `teamName` is the team of a team ticket.
             * @default {}
             * @example {
             *       "teamName": "CodeCrafters",
             *       "dietary": "vegetarian"
             *     }
             */
            metadata?: {
                [key: string]: unknown;
            };
            /**
             * @description Addition to the seed. false: a full event is a 409 although it has a waitlist.
             * @default true
             */
            joinWaitlist?: boolean;
        };
        UpdateRegistrationRequest: {
            /**
             * @description A ticket type of the event, by its name in any case of letters.
             * @example standard
             */
            ticketType?: string;
            /**
             * @description Each key given replaces what was under it; null takes it away; other keys stay.
             * @example {
             *       "teamName": "CodeCrafters",
             *       "dietary": "vegetarian"
             *     }
             */
            metadata?: {
                [key: string]: unknown;
            };
        };
        GenerateTicketRequest: {
            /**
             * @description As the registration was answered with.
             * @example reg-123
             */
            registrationId: string;
            /**
             * @description `qr_code` is the seed’s: the text of the code, and its picture as PNG. `png`, `svg` and `pdf` are additions.
             * @default qr_code
             * @enum {string}
             */
            format?: "qr_code" | "png" | "svg" | "pdf";
        };
        ValidateTicketRequest: {
            /**
             * @description As it was scanned.
             * @example QR123456789
             */
            ticketCode: string;
            /**
             * @description The event's name in addresses, or its UUID: only its tickets are let in.
             * @example hackathon-2025
             */
            eventId: string;
            /** @description Addition to the seed: names this scan. Sent again with the same code it gets the same answer. */
            nonce?: string;
        };
        BulkTicketsRequest: {
            /**
             * @description `generate`: the tickets of these registrations. `cancel`: as `DELETE` of each; the key must be for `registrations:write` too. `resend`: each ticket is told to your webhooks that listen to `ticket.resent` (we have no addresses of participants).
             * @enum {string}
             */
            operation: "generate" | "cancel" | "resend";
            /**
             * @example [
             *       "reg-123",
             *       "reg-124",
             *       "reg-125"
             *     ]
             */
            registrationIds: string[];
            /**
             * @description `qr_code` is the seed’s: the text of the code, and its picture as PNG. `png`, `svg` and `pdf` are additions.
             * @default qr_code
             * @enum {string}
             */
            format?: "qr_code" | "png" | "svg" | "pdf";
        };
        UpdateEventSettingsRequest: {
            /**
             * @description Over all ticket types.
             * @example 500
             */
            maxCapacity?: number;
            /** @description false: nobody else may wait. Who waits already still does. */
            enableWaitlist?: boolean;
            /**
             * @description Until when participants can be registered; null: as long as tickets are sold. Who waits by then may be confirmed later.
             * @example 2025-03-01T23:59:59Z
             */
            registrationDeadline?: string | null;
        };
        CreateWebhookRequest: {
            /**
             * @description https, a public address, no name and password in it.
             * @example https://example.org/billetter
             */
            url: string;
            /**
             * @example [
             *       "registration.created",
             *       "registration.cancelled"
             *     ]
             */
            events: ("registration.created" | "registration.cancelled" | "ticket.validated" | "capacity.reached" | "waitlist.added" | "ticket.resent")[];
            description?: string;
        };
        UpdateWebhookRequest: {
            /**
             * @description https, a public address, no name and password in it.
             * @example https://example.org/billetter
             */
            url?: string;
            /**
             * @example [
             *       "registration.created",
             *       "registration.cancelled"
             *     ]
             */
            events?: ("registration.created" | "registration.cancelled" | "ticket.validated" | "capacity.reached" | "waitlist.added" | "ticket.resent")[];
            description?: string;
        };
        RotateWebhookSecretRequest: {
            /**
             * @description How long the old secret signs beside the new one, a week at most. 0: it ends at once.
             * @default 86400
             */
            overlapSeconds?: number;
        };
        ReplayWebhookDeliveriesRequest: {
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            from: string;
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            until: string;
            /**
             * @default failed
             * @enum {string}
             */
            state?: "waiting" | "delivered" | "failed" | "all";
        };
        Registration: {
            /** @example reg-123 */
            id: string;
            participantId: string;
            eventId: string;
            /** @description "any" for who waits for a type that is sold no more. */
            ticketType: string;
            /** @enum {string} */
            status: "confirmed" | "waitlisted" | "cancelled";
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            registrationDate: string;
            /** @description The ticket's code; null without a ticket. */
            qrCode: string | null;
            metadata: {
                [key: string]: unknown;
            };
            /** @description Addition to the seed: in the line of the event, from 1. */
            waitlistPosition: number | null;
            /** @description Addition to the seed. */
            checkedInAt: string | null;
            /** @description Addition to the seed. */
            cancelledAt: string | null;
            /** @description Addition to the seed: what the type costs. This API takes no money: it is settled with the organizer. */
            listPrice: {
                /** @example 49.00 */
                amount: string;
                currency: string;
            } | null;
            /** @description Addition to the seed, of team tickets: confirmed members, and whether they are 4 or more. */
            team: {
                name: string;
                members: number;
                discounted: boolean;
            } | null;
        };
        /** @description The request is not as described here, or contradicts what is so. */
        ValidationError: {
            error: {
                /** @constant */
                code: "VALIDATION_ERROR";
                /**
                 * @description For people.
                 * @example The request is not as described here, or contradicts what is so.
                 */
                message: string;
                details: components["schemas"]["ValidationDetails"];
            };
        };
        ValidationDetails: {
            /** @description What is wrong with which field, a sentence each. */
            fields?: {
                [key: string]: string;
            };
        };
        /** @description There is no API key, or it is not valid, or it has ended. Routes for people take an access token instead. */
        UnauthorizedError: {
            error: {
                /** @constant */
                code: "UNAUTHORIZED";
                /**
                 * @description For people.
                 * @example There is no API key, or it is not valid, or it has ended. Routes for people take an access token instead.
                 */
                message: string;
                details: components["schemas"]["UnauthorizedDetails"];
            };
        };
        UnauthorizedDetails: {
            /**
             * @description Which of them it is.
             * @enum {string}
             */
            reason?: "missing" | "invalid" | "ended";
        };
        /** @description The key, or who is signed in, may not do this. */
        ForbiddenError: {
            error: {
                /** @constant */
                code: "FORBIDDEN";
                /**
                 * @description For people.
                 * @example The key, or who is signed in, may not do this.
                 */
                message: string;
                details: components["schemas"]["ForbiddenDetails"];
            };
        };
        ForbiddenDetails: {
            /** @description The least role that may. */
            requiredRole?: string;
            /** @description What the key would have to be for. */
            requiredScope?: string;
        };
        /** @description There is no such event of yours. */
        EventNotFoundError: {
            error: {
                /** @constant */
                code: "EVENT_NOT_FOUND";
                /**
                 * @description For people.
                 * @example There is no such event of yours.
                 */
                message: string;
                details: components["schemas"]["EventNotFoundDetails"];
            };
        };
        EventNotFoundDetails: {
            eventId?: string;
        };
        /** @description The participant has a registration for this event. Once it is cancelled there may be another. */
        AlreadyRegisteredError: {
            error: {
                /** @constant */
                code: "ALREADY_REGISTERED";
                /**
                 * @description For people.
                 * @example The participant has a registration for this event. Once it is cancelled there may be another.
                 */
                message: string;
                details: components["schemas"]["AlreadyRegisteredDetails"];
            };
        };
        AlreadyRegisteredDetails: {
            participantId: string;
        };
        /** @description The event, or this ticket type, is full. */
        CapacityExceededError: {
            error: {
                /** @constant */
                code: "CAPACITY_EXCEEDED";
                /**
                 * @description For people.
                 * @example The event, or this ticket type, is full.
                 */
                message: string;
                details: components["schemas"]["CapacityExceededDetails"];
            };
        };
        CapacityExceededDetails: {
            /**
             * @description How many places are taken.
             * @example 500
             */
            currentCapacity?: number;
            /**
             * @description Of how many.
             * @example 500
             */
            maxCapacity?: number;
            /** @description Whether one may wait for a place. */
            waitlistAvailable?: boolean;
        };
        /** @description The event will not take place. */
        EventCancelledError: {
            error: {
                /** @constant */
                code: "EVENT_CANCELLED";
                /**
                 * @description For people.
                 * @example The event will not take place.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        NoDetails: Record<string, never>;
        /** @description The event has begun, or is over. */
        EventOverError: {
            error: {
                /** @constant */
                code: "EVENT_OVER";
                /**
                 * @description For people.
                 * @example The event has begun, or is over.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        /** @description The first request with this Idempotency-Key is still being worked on. */
        IdempotencyKeyInUseError: {
            error: {
                /** @constant */
                code: "IDEMPOTENCY_KEY_IN_USE";
                /**
                 * @description For people.
                 * @example The first request with this Idempotency-Key is still being worked on.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        /** @description One cannot register now: registration has not begun, or is closed. */
        RegistrationClosedError: {
            error: {
                /** @constant */
                code: "REGISTRATION_CLOSED";
                /**
                 * @description For people.
                 * @example One cannot register now: registration has not begun, or is closed.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        /** @description The body is too large. */
        BodyTooLargeError: {
            error: {
                /** @constant */
                code: "BODY_TOO_LARGE";
                /**
                 * @description For people.
                 * @example The body is too large.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        /** @description The Idempotency-Key was used for another request. */
        IdempotencyKeyReusedError: {
            error: {
                /** @constant */
                code: "IDEMPOTENCY_KEY_REUSED";
                /**
                 * @description For people.
                 * @example The Idempotency-Key was used for another request.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        /** @description Too many calls. */
        RateLimitExceededError: {
            error: {
                /** @constant */
                code: "RATE_LIMIT_EXCEEDED";
                /**
                 * @description For people.
                 * @example Too many calls.
                 */
                message: string;
                details: components["schemas"]["RateLimitExceededDetails"];
            };
        };
        RateLimitExceededDetails: {
            /** @description How many are allowed. */
            limit: number;
            /** @description Seconds to wait. */
            retryAfter: number;
        };
        /** @description A fault of the server. */
        InternalError: {
            error: {
                /** @constant */
                code: "INTERNAL_ERROR";
                /**
                 * @description For people.
                 * @example A fault of the server.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        /** @description Not available right now: try again. */
        UnavailableError: {
            error: {
                /** @constant */
                code: "UNAVAILABLE";
                /**
                 * @description For people.
                 * @example Not available right now: try again.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        Registrations: {
            registrations: components["schemas"]["Registration"][];
            /** @description Where the next page begins; null on the last one. */
            nextCursor: string | null;
        };
        /** @description There is no such registration for an event of yours. */
        RegistrationNotFoundError: {
            error: {
                /** @constant */
                code: "REGISTRATION_NOT_FOUND";
                /**
                 * @description For people.
                 * @example There is no such registration for an event of yours.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        /** @description The registration can no longer be changed or cancelled. */
        RegistrationNotChangeableError: {
            error: {
                /** @constant */
                code: "REGISTRATION_NOT_CHANGEABLE";
                /**
                 * @description For people.
                 * @example The registration can no longer be changed or cancelled.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        Ticket: {
            /**
             * Format: uuid
             * @example 550e8400-e29b-41d4-a716-446655440001
             */
            ticketId: string;
            registrationId: string;
            eventId: string;
            participantId: string;
            ticketType: string;
            /**
             * @description `{eventId}:{participant}:{timestamp}:{checksum}`. The participant is encrypted; the checksum is a signature that `GET /door/api/keys` lets anybody verify without us.
             * @example hackathon-2025:sVzV5wvVGkAL…:1736937000:Yl9cMSkQ…
             */
            ticketCode: string;
            /** @description The same: the text that the QR code says. */
            qrCode: string;
            /**
             * @description `qr_code` is the seed’s: the text of the code, and its picture as PNG. `png`, `svg` and `pdf` are additions.
             * @default qr_code
             * @enum {string}
             */
            format: "qr_code" | "png" | "svg" | "pdf";
            /** @description The QR code as a `data:` address, for an `<img>`; null of a PDF. */
            image: string | null;
            /** @description The PDF as a `data:` address; null of the others. */
            document: string | null;
            /**
             * Format: uri
             * @description Where the same file can be fetched with the API key.
             */
            fileUrl: string;
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            issuedAt: string;
        };
        /** @description The registration is cancelled, and so is its ticket. */
        RegistrationCancelledError: {
            error: {
                /** @constant */
                code: "REGISTRATION_CANCELLED";
                /**
                 * @description For people.
                 * @example The registration is cancelled, and so is its ticket.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        /** @description The registration has no ticket yet: it is waitlisted. */
        RegistrationNotConfirmedError: {
            error: {
                /** @constant */
                code: "REGISTRATION_NOT_CONFIRMED";
                /**
                 * @description For people.
                 * @example The registration has no ticket yet: it is waitlisted.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        CheckedIn: {
            /** @constant */
            valid: true;
            /** @constant */
            status: "checked_in";
            /**
             * @description For the screen at the door.
             * @example Welcome to Hackathon 2025!
             */
            message: string;
            /** @description null of a ticket that was sold through another API. */
            registrationId: string | null;
            participantId: string | null;
            eventId: string;
            eventName: string;
            ticketType: string | null;
            ticketId: string | null;
            /** @description How many it lets in: more than one only by the code of a whole order, which names no ticket. */
            people: number;
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            checkedInAt: string;
            metadata: {
                [key: string]: unknown;
            };
        };
        /** @description This is not the code of a ticket for an event of yours. */
        TicketNotFoundError: {
            error: {
                /** @constant */
                code: "TICKET_NOT_FOUND";
                /**
                 * @description For people.
                 * @example This is not the code of a ticket for an event of yours.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        /** @description Somebody was checked in with this ticket before. */
        TicketAlreadyUsedError: {
            error: {
                /** @constant */
                code: "TICKET_ALREADY_USED";
                /**
                 * @description For people.
                 * @example Somebody was checked in with this ticket before.
                 */
                message: string;
                details: components["schemas"]["TicketAlreadyUsedDetails"];
            };
        };
        TicketAlreadyUsedDetails: {
            /**
             * @description When.
             * @example 2025-03-15T09:12:44Z
             */
            checkedInAt?: string;
            /** @description Where, if the scanner said. */
            gate?: string;
        };
        /** @description The ticket is void: its registration was cancelled, or it was paid back. */
        TicketCancelledError: {
            error: {
                /** @constant */
                code: "TICKET_CANCELLED";
                /**
                 * @description For people.
                 * @example The ticket is void: its registration was cancelled, or it was paid back.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        /** @description The ticket is for another event of yours. */
        TicketOfOtherEventError: {
            error: {
                /** @constant */
                code: "TICKET_OF_OTHER_EVENT";
                /**
                 * @description For people.
                 * @example The ticket is for another event of yours.
                 */
                message: string;
                details: components["schemas"]["NoDetails"];
            };
        };
        BulkJob: {
            /**
             * Format: uuid
             * @example 550e8400-e29b-41d4-a716-446655440001
             */
            jobId: string;
            /** @enum {string} */
            operation: "generate" | "cancel" | "resend";
            /**
             * @description `qr_code` is the seed’s: the text of the code, and its picture as PNG. `png`, `svg` and `pdf` are additions.
             * @default qr_code
             * @enum {string}
             */
            format: "qr_code" | "png" | "svg" | "pdf";
            /** @enum {string} */
            status: "running" | "done";
            total: number;
            processed: number;
            succeeded: number;
            duplicates: number;
            failed: number;
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            createdAt: string;
            finishedAt: string | null;
            /** @description Of this page, in the order of `registrationIds`. */
            results: components["schemas"]["BulkResult"][];
            /** @description Where the next page begins; null on the last one. */
            nextCursor: string | null;
        };
        BulkResult: {
            /** @description Which of `registrationIds`, from 0. */
            index: number;
            registrationId: string;
            /** @enum {string} */
            status: "pending" | "succeeded" | "duplicate" | "failed";
            /** @description The index of the entry that names the same registration: that one was done. */
            duplicateOf: number | null;
            ticket: {
                /**
                 * Format: uuid
                 * @example 550e8400-e29b-41d4-a716-446655440001
                 */
                ticketId: string;
                participantId: string;
                eventId: string;
                ticketCode: string;
                qrCode: string;
                /**
                 * Format: uri
                 * @description Where the file of that format can be fetched with the API key.
                 */
                fileUrl: string;
                /**
                 * Format: date-time
                 * @example 2024-07-15T18:00:00Z
                 */
                issuedAt: string;
            } | null;
            error: {
                code: string;
                message: string;
                details: {
                    [key: string]: unknown;
                };
            } | null;
        };
        /** @description There is no such thing of yours. */
        NotFoundError: {
            error: {
                /** @constant */
                code: "NOT_FOUND";
                /**
                 * @description For people.
                 * @example There is no such thing of yours.
                 */
                message: string;
                details: components["schemas"]["NotFoundDetails"];
            };
        };
        NotFoundDetails: {
            /** @description What there is none of. */
            what?: string;
        };
        Capacity: {
            /** @example hackathon-2025 */
            eventId: string;
            maxCapacity: number;
            /** @description Places that are taken: registered, sold, or held by buyers through other APIs. */
            currentRegistrations: number;
            /** @description For whoever comes by now; none while others wait for them. */
            availableSpots: number;
            waitlistEnabled: boolean;
            waitlistCount: number;
            /** @description Addition to the seed. */
            registrationDeadline: string | null;
        };
        EventSettings: {
            /** @example hackathon-2025 */
            eventId: string;
            maxCapacity: number;
            enableWaitlist: boolean;
            registrationDeadline: string | null;
        };
        /** @description What is taken, has begun or was cancelled forbids this change. */
        EventNotChangeableError: {
            error: {
                /** @constant */
                code: "EVENT_NOT_CHANGEABLE";
                /**
                 * @description For people.
                 * @example What is taken, has begun or was cancelled forbids this change.
                 */
                message: string;
                details: components["schemas"]["EventNotChangeableDetails"];
            };
        };
        EventNotChangeableDetails: {
            /** @description What is wrong with which field, a sentence each. */
            fields?: {
                [key: string]: string;
            };
        };
        RegistrationStats: {
            /** @example hackathon-2025 */
            eventId: string;
            /** @description Confirmed and waitlisted. */
            totalRegistrations: number;
            confirmedAttendees: number;
            checkedInCount: number;
            /**
             * @description Of all registrations.
             * @example {
             *       "standard": 280,
             *       "premium": 67
             *     }
             */
            ticketTypes: {
                [key: string]: number;
            };
            /** @description Of all registrations, by the day on which they were made in the event's time zone. */
            registrationTrend: {
                /** Format: date */
                date: string;
                count: number;
            }[];
        };
        /** @description More than is allowed at once, or less. */
        LimitExceededError: {
            error: {
                /** @constant */
                code: "LIMIT_EXCEEDED";
                /**
                 * @description For people.
                 * @example More than is allowed at once, or less.
                 */
                message: string;
                details: components["schemas"]["LimitExceededDetails"];
            };
        };
        LimitExceededDetails: {
            min?: number;
            max?: number;
        };
        Webhooks: {
            webhooks: components["schemas"]["Webhook"][];
        };
        Webhook: {
            /**
             * Format: uuid
             * @example 550e8400-e29b-41d4-a716-446655440001
             */
            id: string;
            /**
             * @description https, a public address, no name and password in it.
             * @example https://example.org/billetter
             */
            url: string;
            description: string;
            events: ("registration.created" | "registration.cancelled" | "ticket.validated" | "capacity.reached" | "waitlist.added" | "ticket.resent")[];
            /** @enum {string} */
            status: "active" | "paused" | "disabled";
            /** @description It answered 410, or no try of three days succeeded. */
            disabledBecause: ("gone" | "failing") | null;
            /** @description Since when no try has succeeded; null while the last one did. */
            failingSince: string | null;
            /** @description Until when the secret before the last rotation signs too. */
            formerSecretUntil: string | null;
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            updatedAt: string;
        };
        WebhookWithSecret: {
            /**
             * Format: uuid
             * @example 550e8400-e29b-41d4-a716-446655440001
             */
            id: string;
            /**
             * @description https, a public address, no name and password in it.
             * @example https://example.org/billetter
             */
            url: string;
            description: string;
            events: ("registration.created" | "registration.cancelled" | "ticket.validated" | "capacity.reached" | "waitlist.added" | "ticket.resent")[];
            /** @enum {string} */
            status: "active" | "paused" | "disabled";
            /** @description It answered 410, or no try of three days succeeded. */
            disabledBecause: ("gone" | "failing") | null;
            /** @description Since when no try has succeeded; null while the last one did. */
            failingSince: string | null;
            /** @description Until when the secret before the last rotation signs too. */
            formerSecretUntil: string | null;
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            updatedAt: string;
            /**
             * @description What deliveries are signed with. It is shown here and never again.
             * @example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
             */
            secret: string;
        };
        TestDelivery: {
            /**
             * Format: uuid
             * @example 550e8400-e29b-41d4-a716-446655440001
             */
            deliveryId: string;
        };
        WebhookDeliveries: {
            deliveries: components["schemas"]["WebhookDelivery"][];
            /** @description For `after`; null on the last page. */
            next: string | null;
        };
        WebhookDelivery: {
            /**
             * Format: uuid
             * @example 550e8400-e29b-41d4-a716-446655440001
             */
            id: string;
            /** @description What the header `webhook-id` says: the same at every try, and at all of your webhooks. */
            webhookId: string;
            /** @enum {string} */
            state: "waiting" | "delivered" | "failed";
            payload: components["schemas"]["WebhookPayload"];
            /** @description The last twenty, the newest last. */
            tries: {
                /**
                 * Format: date-time
                 * @example 2024-07-15T18:00:00Z
                 */
                at: string;
                /** @description What was answered; null if nothing was. */
                status: number | null;
                /** @description Why it was no success. */
                error: string | null;
                durationMs: number;
            }[];
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            createdAt: string;
            /** @description Of one that waits. While its webhook is paused nothing happens then. */
            nextTryAt: string | null;
            deliveredAt: string | null;
            failedAt: string | null;
            replayedAt: string | null;
        };
        WebhookPayload: {
            /** @enum {string} */
            event: "registration.created" | "registration.cancelled" | "ticket.validated" | "capacity.reached" | "waitlist.added" | "ticket.resent" | "webhook.test";
            /**
             * Format: date-time
             * @example 2024-07-15T18:00:00Z
             */
            timestamp: string;
            data: {
                registrationId: string;
                participantId: string;
                eventId: string;
                ticketType: string;
                /** @description Of `ticket.resent`. */
                ticketId?: string;
                /** @description Of `ticket.resent`: what its QR code says. */
                ticketCode?: string;
            };
        };
        ReplayedDeliveries: {
            /** @description How many deliveries are made again. */
            replayed: number;
        };
    };
    responses: never;
    parameters: {
        /** @description Sent again with the same request within 24 hours it gets the same answer, and nothing is done twice. */
        IdempotencyKey: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listRegistrations: {
        parameters: {
            query?: {
                /** @description Of this event alone. */
                eventId?: string;
                /** @description In this state alone. */
                status?: "confirmed" | "waitlisted" | "cancelled";
                /** @description Of this participant alone. */
                participantId?: string;
                /** @description The most on a page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Registrations"];
                };
            };
        };
    };
    createRegistration: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same request within 24 hours it gets the same answer, and nothing is done twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRegistrationRequest"];
            };
        };
        responses: {
            /** @description Confirmed, or waitlisted. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Registration"];
                };
            };
        };
    };
    getRegistration: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As the registration was answered with. */
                registrationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The registration. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Registration"];
                };
            };
        };
    };
    updateRegistration: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As the registration was answered with. */
                registrationId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateRegistrationRequest"];
            };
        };
        responses: {
            /** @description The registration as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Registration"];
                };
            };
        };
    };
    cancelRegistration: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As the registration was answered with. */
                registrationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The registration, cancelled. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Registration"];
                };
            };
        };
    };
    generateTicket: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same request within 24 hours it gets the same answer, and nothing is done twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GenerateTicketRequest"];
            };
        };
        responses: {
            /** @description The ticket. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ticket"];
                };
            };
        };
    };
    validateTicket: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same request within 24 hours it gets the same answer, and nothing is done twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ValidateTicketRequest"];
            };
        };
        responses: {
            /** @description Somebody may go in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckedIn"];
                };
            };
        };
    };
    getTicketPng: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As the registration was answered with. */
                registrationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/png": string;
                };
            };
        };
    };
    getTicketSvg: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As the registration was answered with. */
                registrationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": string;
                };
            };
        };
    };
    getTicketPdf: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As the registration was answered with. */
                registrationId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/pdf": string;
                };
            };
        };
    };
    bulkTickets: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same request within 24 hours it gets the same answer, and nothing is done twice. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BulkTicketsRequest"];
            };
        };
        responses: {
            /** @description All done, with all results. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkJob"];
                };
            };
            /** @description Accepted: a job does it. No results yet. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkJob"];
                };
            };
        };
    };
    getBulkJob: {
        parameters: {
            query?: {
                /** @description The most results on a page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: number;
            };
            header?: never;
            path: {
                /** @description As the bulk operation was answered with. */
                jobId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkJob"];
                };
            };
        };
    };
    getCapacity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The event's name in addresses, or its UUID. */
                eventId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its capacity. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Capacity"];
                };
            };
        };
    };
    updateEventSettings: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The event's name in addresses, or its UUID. */
                eventId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateEventSettingsRequest"];
            };
        };
        responses: {
            /** @description The settings as they are now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventSettings"];
                };
            };
        };
    };
    getStats: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The event's name in addresses, or its UUID. */
                eventId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As they stand now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistrationStats"];
                };
            };
        };
    };
    listWebhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Your webhooks. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhooks"];
                };
            };
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWebhookRequest"];
            };
        };
        responses: {
            /** @description The webhook with its secret, shown this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
        };
    };
    updateWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateWebhookRequest"];
            };
        };
        responses: {
            /** @description The webhook. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateWebhookSecretRequest"];
            };
        };
        responses: {
            /** @description The webhook with its new secret, shown this once. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
        };
    };
    pauseWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
        };
    };
    resumeWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is on its way. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TestDelivery"];
                };
            };
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                /** @description Only those. Left out, all. */
                state?: "waiting" | "delivered" | "failed";
                /** @description How many a page has. */
                limit?: number;
                /** @description The `next` of the page before. */
                after?: string;
            };
            header?: never;
            path: {
                /** @description Of the webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deliveries. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDeliveries"];
                };
            };
        };
    };
    getWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the webhook. */
                id: string;
                /** @description Of the delivery. */
                deliveryId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
        };
    };
    replayWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the webhook. */
                id: string;
                /** @description Of the delivery. */
                deliveryId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is on its way. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayedDeliveries"];
                };
            };
        };
    };
    replayWebhookDeliveries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of the webhook. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayWebhookDeliveriesRequest"];
            };
        };
        responses: {
            /** @description They are on their way. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayedDeliveries"];
                };
            };
        };
    };
}

/** How each operation is called. `repeatable`: doing it again does nothing twice. `keyed`: it takes an Idempotency-Key. `file`: it answers with one. */

export const OPERATIONS = {
  createRegistration: {"method":"POST","path":"/api/billetter/registrations","repeatable":true,"keyed":true,"file":false},
  listRegistrations: {"method":"GET","path":"/api/billetter/registrations","repeatable":true,"keyed":false,"file":false},
  getRegistration: {"method":"GET","path":"/api/billetter/registrations/{registrationId}","repeatable":true,"keyed":false,"file":false},
  updateRegistration: {"method":"PUT","path":"/api/billetter/registrations/{registrationId}","repeatable":true,"keyed":false,"file":false},
  cancelRegistration: {"method":"DELETE","path":"/api/billetter/registrations/{registrationId}","repeatable":true,"keyed":false,"file":false},
  generateTicket: {"method":"POST","path":"/api/billetter/tickets/generate","repeatable":true,"keyed":true,"file":false},
  validateTicket: {"method":"POST","path":"/api/billetter/tickets/validate","repeatable":true,"keyed":true,"file":false},
  getTicketPng: {"method":"GET","path":"/api/billetter/registrations/{registrationId}/qr.png","repeatable":true,"keyed":false,"file":true},
  getTicketSvg: {"method":"GET","path":"/api/billetter/registrations/{registrationId}/qr.svg","repeatable":true,"keyed":false,"file":true},
  getTicketPdf: {"method":"GET","path":"/api/billetter/registrations/{registrationId}/ticket.pdf","repeatable":true,"keyed":false,"file":true},
  bulkTickets: {"method":"POST","path":"/api/billetter/tickets/bulk","repeatable":true,"keyed":true,"file":false},
  getBulkJob: {"method":"GET","path":"/api/billetter/tickets/bulk/{jobId}","repeatable":true,"keyed":false,"file":false},
  getCapacity: {"method":"GET","path":"/api/billetter/events/{eventId}/capacity","repeatable":true,"keyed":false,"file":false},
  updateEventSettings: {"method":"PUT","path":"/api/billetter/events/{eventId}/settings","repeatable":true,"keyed":false,"file":false},
  getStats: {"method":"GET","path":"/api/billetter/events/{eventId}/stats","repeatable":true,"keyed":false,"file":false},
  listWebhooks: {"method":"GET","path":"/api/billetter/webhooks","repeatable":true,"keyed":false,"file":false},
  createWebhook: {"method":"POST","path":"/api/billetter/webhooks","repeatable":false,"keyed":false,"file":false},
  getWebhook: {"method":"GET","path":"/api/billetter/webhooks/{id}","repeatable":true,"keyed":false,"file":false},
  updateWebhook: {"method":"PUT","path":"/api/billetter/webhooks/{id}","repeatable":true,"keyed":false,"file":false},
  deleteWebhook: {"method":"DELETE","path":"/api/billetter/webhooks/{id}","repeatable":true,"keyed":false,"file":false},
  rotateWebhookSecret: {"method":"POST","path":"/api/billetter/webhooks/{id}/rotate","repeatable":false,"keyed":false,"file":false},
  pauseWebhook: {"method":"POST","path":"/api/billetter/webhooks/{id}/pause","repeatable":false,"keyed":false,"file":false},
  resumeWebhook: {"method":"POST","path":"/api/billetter/webhooks/{id}/resume","repeatable":false,"keyed":false,"file":false},
  testWebhook: {"method":"POST","path":"/api/billetter/webhooks/{id}/test","repeatable":false,"keyed":false,"file":false},
  listWebhookDeliveries: {"method":"GET","path":"/api/billetter/webhooks/{id}/deliveries","repeatable":true,"keyed":false,"file":false},
  getWebhookDelivery: {"method":"GET","path":"/api/billetter/webhooks/{id}/deliveries/{deliveryId}","repeatable":true,"keyed":false,"file":false},
  replayWebhookDelivery: {"method":"POST","path":"/api/billetter/webhooks/{id}/deliveries/{deliveryId}/replay","repeatable":false,"keyed":false,"file":false},
  replayWebhookDeliveries: {"method":"POST","path":"/api/billetter/webhooks/{id}/replay","repeatable":false,"keyed":false,"file":false},
} as const;

/** What the details of a refusal hold, by its code. */

export interface Refusals {
  ALREADY_REGISTERED: components['schemas']['AlreadyRegisteredDetails'];
  BODY_TOO_LARGE: components['schemas']['NoDetails'];
  CAPACITY_EXCEEDED: components['schemas']['CapacityExceededDetails'];
  EVENT_CANCELLED: components['schemas']['NoDetails'];
  EVENT_NOT_CHANGEABLE: components['schemas']['EventNotChangeableDetails'];
  EVENT_NOT_FOUND: components['schemas']['EventNotFoundDetails'];
  EVENT_OVER: components['schemas']['NoDetails'];
  FORBIDDEN: components['schemas']['ForbiddenDetails'];
  IDEMPOTENCY_KEY_IN_USE: components['schemas']['NoDetails'];
  IDEMPOTENCY_KEY_REUSED: components['schemas']['NoDetails'];
  INTERNAL_ERROR: components['schemas']['NoDetails'];
  LIMIT_EXCEEDED: components['schemas']['LimitExceededDetails'];
  NOT_FOUND: components['schemas']['NotFoundDetails'];
  RATE_LIMIT_EXCEEDED: components['schemas']['RateLimitExceededDetails'];
  REGISTRATION_CANCELLED: components['schemas']['NoDetails'];
  REGISTRATION_CLOSED: components['schemas']['NoDetails'];
  REGISTRATION_NOT_CHANGEABLE: components['schemas']['NoDetails'];
  REGISTRATION_NOT_CONFIRMED: components['schemas']['NoDetails'];
  REGISTRATION_NOT_FOUND: components['schemas']['NoDetails'];
  TICKET_ALREADY_USED: components['schemas']['TicketAlreadyUsedDetails'];
  TICKET_CANCELLED: components['schemas']['NoDetails'];
  TICKET_NOT_FOUND: components['schemas']['NoDetails'];
  TICKET_OF_OTHER_EVENT: components['schemas']['NoDetails'];
  UNAUTHORIZED: components['schemas']['UnauthorizedDetails'];
  UNAVAILABLE: components['schemas']['NoDetails'];
  VALIDATION_ERROR: components['schemas']['ValidationDetails'];
}
