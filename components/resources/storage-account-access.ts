import type * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import { isValidName, nameRules } from "../core/naming";
import type { Permission, Touch } from "../core/permission";

/**
 * The permissions that a storage account hands out for its blobs. In an account with hierarchical namespace the
 * same roles govern the Data Lake endpoint.
 *
 * @see https://learn.microsoft.com/azure/storage/blobs/assign-azure-role-data-access
 */
export class StorageAccountAccess {
  /**
   * @param name what the account is called in names and intents
   * @param id its ARM id
   * @param blobEndpoint `https://<name>.blob.core.windows.net/`
   */
  constructor(
    readonly name: string,
    readonly id: pulumi.Output<string>,
    readonly blobEndpoint: pulumi.Output<string>,
  ) {}

  /** Read and list the blobs of every container, the later ones too. */
  readBlobs(): Permission {
    return this.#account().read;
  }

  /** Read, write and delete the blobs of every container, and make containers. */
  writeBlobs(): Permission {
    return this.#account().write;
  }

  /** One container. @throws ArgumentError when that is not a container's name */
  container(containerName: string): BlobContainerAccess {
    check(`StorageAccount ${this.name}`, [
      {
        argument: "containerName",
        holds: isValidName("blobContainer", containerName),
        allowed: nameRules.blobContainer.allowed,
        got: containerName,
      },
    ]);
    const both = blobPermissions(
      `${this.name}-${containerName}`,
      `container ${containerName} of storage account ${this.name}`,
      this.id.apply((id) => `${id}/blobServices/default/containers/${containerName}`),
      { kind: "blobContainer", endpoint: this.blobEndpoint, containerName },
    );
    return { readBlobs: () => both.read, writeBlobs: () => both.write };
  }

  #account() {
    return blobPermissions(this.name, `storage account ${this.name}`, this.id, {
      kind: "blobService",
      endpoint: this.blobEndpoint,
    });
  }
}

/** The permissions on one container. */
export interface BlobContainerAccess {
  /** Read and list its blobs. */
  readBlobs(): Permission;
  /** Read, write and delete its blobs. */
  writeBlobs(): Permission;
}

function blobPermissions(
  name: string,
  where: string,
  scope: pulumi.Input<string>,
  touch: Touch,
): { read: Permission; write: Permission } {
  return {
    read: {
      name: `${name}-blobs-read`,
      intent: `read blobs of ${where}`,
      role: "Storage Blob Data Reader",
      scope,
      touch,
    },
    write: {
      name: `${name}-blobs-write`,
      intent: `write blobs of ${where}`,
      role: "Storage Blob Data Contributor",
      scope,
      touch,
    },
  };
}
