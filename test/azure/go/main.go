// The quick start of Azure Key Vault, with what comes after it, as a Go program: it knows a vault's URL and nothing else.

package main

import (
	"context"
	"fmt"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	ctx := context.Background()
	credential := must(azidentity.NewDefaultAzureCredential(nil))
	client := must(azsecrets.NewClient(os.Args[1], credential, nil))
	fmt.Println(*must(client.GetSecret(ctx, "API-KEY", "", nil)).Value)
	name, value, kind := os.Args[2], "from go", "text/plain"
	made := must(client.SetSecret(ctx, name, azsecrets.SetSecretParameters{Value: &value, ContentType: &kind}, nil))
	read := must(client.GetSecret(ctx, name, made.ID.Version(), nil))
	fmt.Println(*read.Value, *read.ContentType)
	off := false
	attributes := azsecrets.UpdateSecretPropertiesParameters{SecretAttributes: &azsecrets.SecretAttributes{Enabled: &off}}
	fmt.Println(*must(client.UpdateSecretProperties(ctx, name, "", attributes, nil)).Attributes.Enabled)
	backup := must(client.BackupSecret(ctx, name, nil))
	deleted := must(client.DeleteSecret(ctx, name, nil))
	fmt.Println(deleted.ID.Name() == name, *deleted.RecoveryID != "")
	must(client.PurgeDeletedSecret(ctx, name, nil))
	restored := must(client.RestoreSecret(ctx, azsecrets.RestoreSecretParameters{SecretBackup: backup.Value}, nil))
	fmt.Println(restored.ID.Version() == made.ID.Version())
	count := 0
	for pager := client.NewListSecretPropertiesPager(nil); pager.More(); {
		for _, secret := range must(pager.NextPage(ctx)).Value {
			if secret.ID.Name() == name {
				count++
			}
		}
	}
	fmt.Println(count)
}
