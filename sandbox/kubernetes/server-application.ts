/** The AKS server application, for which users' tokens are made. @see https://learn.microsoft.com/azure/aks/kubelogin-authentication */
export const aksServerApplicationId = "6dae42f8-4368-4678-94ff-3960e28e3630";
