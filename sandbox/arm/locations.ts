import { AzureError } from "../core/azure-error";

/** Azure's public regions by the name that ARM uses, with the name that people read. */
export const locations: Readonly<Record<string, string>> = {
  eastus: "East US",
  eastus2: "East US 2",
  southcentralus: "South Central US",
  westus2: "West US 2",
  westus3: "West US 3",
  australiaeast: "Australia East",
  southeastasia: "Southeast Asia",
  northeurope: "North Europe",
  swedencentral: "Sweden Central",
  uksouth: "UK South",
  westeurope: "West Europe",
  centralus: "Central US",
  southafricanorth: "South Africa North",
  centralindia: "Central India",
  eastasia: "East Asia",
  indonesiacentral: "Indonesia Central",
  japaneast: "Japan East",
  japanwest: "Japan West",
  koreacentral: "Korea Central",
  malaysiawest: "Malaysia West",
  malaysiasouth: "Malaysia South",
  newzealandnorth: "New Zealand North",
  canadacentral: "Canada Central",
  francecentral: "France Central",
  germanywestcentral: "Germany West Central",
  italynorth: "Italy North",
  norwayeast: "Norway East",
  polandcentral: "Poland Central",
  spaincentral: "Spain Central",
  switzerlandnorth: "Switzerland North",
  austriaeast: "Austria East",
  belgiumcentral: "Belgium Central",
  chilecentral: "Chile Central",
  mexicocentral: "Mexico Central",
  uaenorth: "UAE North",
  brazilsouth: "Brazil South",
  israelcentral: "Israel Central",
  qatarcentral: "Qatar Central",
  northcentralus: "North Central US",
  westus: "West US",
  westcentralus: "West Central US",
  australiacentral: "Australia Central",
  australiasoutheast: "Australia Southeast",
  southindia: "South India",
  westindia: "West India",
  koreasouth: "Korea South",
  canadaeast: "Canada East",
  ukwest: "UK West",
};

export const locationNames: readonly string[] = Object.keys(locations);

/** "West Europe" and "westeurope" are the same; this is the second. */
export const normalizeLocation = (location: string): string => location.toLowerCase().replaceAll(" ", "");

/** @throws AzureError 400 LocationRequired, LocationNotAvailableForResourceType */
export function checkLocation(location: string | undefined, type: string): string {
  if (location === undefined || location.trim() === "") {
    throw new AzureError(400, "LocationRequired", "The location property is required for this definition.");
  }
  const normalized = normalizeLocation(location);
  if (!Object.hasOwn(locations, normalized)) {
    throw new AzureError(
      400,
      "LocationNotAvailableForResourceType",
      `The provided location '${location}' is not available for resource type '${type}'. List of available regions for the resource type is '${locationNames.join(",")}'.`,
    );
  }
  return normalized;
}
