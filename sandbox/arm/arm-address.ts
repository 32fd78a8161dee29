/** Where ARM is. */
export const armHost = "management.azure.com";

/** ARM's endpoint, without a slash at the end. */
export const armAddress = `https://${armHost}`;
