// The examples of seeds/evently.md that are replayed, word for word: requests (…Body) and answers.

/** By what they show. Numbers keep their JSON type only. */
export const EXAMPLES = {
  error: {
    success: false,
    error: { code: 'ERROR_CODE', message: 'Human readable error message', details: {} },
    timestamp: '2024-01-15T10:30:00Z',
  },
  page: {
    success: true,
    data: [],
    pagination: { page: 1, per_page: 20, total: 100, total_pages: 5, has_next: true, has_prev: false },
    timestamp: '2024-01-15T10:30:00Z',
  },
  registerBody: { email: 'user@example.com', password: 'SecurePass123!', full_name: 'John Doe', phone: '+1234567890' },
  registered: {
    success: true,
    data: {
      user: {
        id: '550e8400-e29b-41d4-a716-446655440000',
        email: 'user@example.com',
        full_name: 'John Doe',
        role: 'user',
        created_at: '2024-01-15T10:30:00Z',
      },
      access_token: 'eyJhbGciOiJIUzI1...',
      refresh_token: 'eyJhbGciOiJIUzI1...',
      token_type: 'bearer',
      expires_in: 1800,
    },
    message: 'Registration successful',
  },
  loggedIn: {
    success: true,
    data: { access_token: 'eyJhbGciOiJIUzI1...', refresh_token: 'eyJhbGciOiJIUzI1...', token_type: 'bearer', expires_in: 1800 },
  },
  events: {
    success: true,
    data: [
      {
        id: '550e8400-e29b-41d4-a716-446655440001',
        name: 'Summer Music Festival',
        description: 'Annual summer music festival',
        venue: { id: '550e8400-e29b-41d4-a716-446655440002', name: 'Central Park Arena', city: 'New York', capacity: 50000 },
        start_time: '2024-07-15T18:00:00Z',
        end_time: '2024-07-15T23:00:00Z',
        capacity: 50000,
        available_seats: 12500,
        status: 'upcoming',
        min_price: 50.0,
        max_price: 500.0,
      },
    ],
    pagination: { page: 1, per_page: 20, total: 45, total_pages: 3 },
  },
  event: {
    success: true,
    data: {
      id: '550e8400-e29b-41d4-a716-446655440001',
      name: 'Summer Music Festival',
      description: 'Annual summer music festival featuring top artists',
      venue: {
        id: '550e8400-e29b-41d4-a716-446655440002',
        name: 'Central Park Arena',
        address: '123 Park Avenue',
        city: 'New York',
        state: 'NY',
        country: 'USA',
        postal_code: '10001',
        capacity: 50000,
        layout_config: {},
      },
      start_time: '2024-07-15T18:00:00Z',
      end_time: '2024-07-15T23:00:00Z',
      capacity: 50000,
      available_seats: 12500,
      status: 'upcoming',
      price_tiers: [
        { tier: 'VIP', price: 500.0, available: 100 },
        { tier: 'Premium', price: 200.0, available: 500 },
        { tier: 'General', price: 50.0, available: 12000 },
      ],
      created_at: '2024-01-01T00:00:00Z',
    },
  },
  seats: {
    success: true,
    data: {
      event_id: '550e8400-e29b-41d4-a716-446655440001',
      sections: [
        {
          name: 'VIP',
          rows: [
            { row: 'A', seats: [{ id: '550e8400-e29b-41d4-a716-446655440003', seat_number: '1', price: 500.0, status: 'available' }] },
          ],
        },
      ],
      summary: { total_available: 12500, by_tier: { VIP: 100, Premium: 500, General: 11900 } },
    },
  },
  booked: {
    success: true,
    data: {
      booking: {
        id: '550e8400-e29b-41d4-a716-446655440005',
        booking_code: 'EVT2024011500001',
        event: { id: '550e8400-e29b-41d4-a716-446655440001', name: 'Summer Music Festival', start_time: '2024-07-15T18:00:00Z' },
        seats: [{ section: 'VIP', row: 'A', seat_number: '1', price: 500.0 }],
        total_amount: 1000.0,
        status: 'pending',
        expires_at: '2024-01-15T10:35:00Z',
        created_at: '2024-01-15T10:30:00Z',
      },
      payment_url: '/api/v1/payments/initiate/550e8400-e29b-41d4-a716-446655440005',
    },
  },
  confirmBody: { payment_method: 'credit_card', payment_details: { token: 'stripe_token_123' } },
  cancelled: {
    success: true,
    data: { booking_id: '550e8400-e29b-41d4-a716-446655440005', status: 'cancelled', refund_status: 'processing', refund_amount: 1000.0 },
    message: 'Booking cancelled successfully',
  },
  profile: {
    success: true,
    data: {
      id: '550e8400-e29b-41d4-a716-446655440000',
      email: 'user@example.com',
      full_name: 'John Doe',
      phone: '+1234567890',
      role: 'user',
      created_at: '2024-01-01T00:00:00Z',
      stats: { total_bookings: 15, upcoming_events: 3, total_spent: 2500.0 },
    },
  },
  profileBody: { full_name: 'John Smith', phone: '+1234567891' },
  eventBody: {
    name: 'New Year Concert',
    description: 'Welcome 2025 with music',
    venue_id: '550e8400-e29b-41d4-a716-446655440002',
    start_time: '2024-12-31T20:00:00Z',
    end_time: '2025-01-01T01:00:00Z',
    capacity: 10000,
    seat_configuration: { sections: [{ name: 'VIP', rows: ['A', 'B'], seats_per_row: 20, price: 300.0 }] },
  },
  dashboard: {
    success: true,
    data: {
      summary: { total_events: 25, total_bookings: 15000, total_revenue: 750000.0, average_capacity_utilization: 75.5 },
      top_events: [
        {
          event_id: '550e8400-e29b-41d4-a716-446655440001',
          name: 'Summer Music Festival',
          bookings: 5000,
          revenue: 250000.0,
          utilization: 95.0,
        },
      ],
      booking_trends: [{ date: '2024-01-01', bookings: 150, revenue: 7500.0 }],
      revenue_by_category: { VIP: 300000.0, Premium: 250000.0, General: 200000.0 },
    },
  },
  waitlistBody: { event_id: '550e8400-e29b-41d4-a716-446655440001', notification_preferences: { email: true, sms: true } },
  waiting: {
    success: true,
    data: {
      waitlist_id: '550e8400-e29b-41d4-a716-446655440006',
      position: 42,
      estimated_wait_time: '2-3 days',
      event: { id: '550e8400-e29b-41d4-a716-446655440001', name: 'Summer Music Festival' },
    },
  },
};
