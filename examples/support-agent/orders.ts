export type Order = { readonly id: string; readonly item: string; readonly state: string; readonly contact: string }

const ORDERS: readonly Order[] = [
  { id: 'R-1042', item: 'collector appliance', state: 'delivered on 3 November', contact: 'ana.lopez@northwind-labs.com' },
  { id: 'R-1043', item: 'training workstation', state: 'waiting for parts', contact: 'kofi@riverside-ml.com' },
]

/** Looks an order up, as a database would. */
export async function findOrder(request: { order_id: string }): Promise<Order> {
  const order = ORDERS.find(({ id }) => id === request.order_id)
  if (order === undefined) throw new Error(`no order ${request.order_id}`)
  return order
}

const tickets: { number: number; summary: string; priority: string }[] = []

/** Opens a ticket for a human: this one changes the world, so a replay must never really do it. */
export async function openTicket(request: { summary: string; priority: string }): Promise<{ number: number }> {
  const number = 7001 + tickets.length
  tickets.push({ number, ...request })
  return { number }
}
