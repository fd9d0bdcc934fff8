// An ordinary program of Google's Go library, over gRPC or over REST: it reads a secret, keeps one that is hard to carry
// (65,536 bytes, binary, an empty label) and pages through what there is. Nothing in it knows of Coffer.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"log"
	"os"
	"strconv"

	secretmanager "cloud.google.com/go/secretmanager/apiv1"
	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"google.golang.org/api/iterator"
)

type report struct {
	Greeting string `json:"greeting"`
	Held     int    `json:"held"`
	Secrets  int    `json:"secrets"`
	Versions int    `json:"versions"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 5 {
		log.Fatal("usage: sdk grpc|rest PROJECT HELD_PROJECT PAGE_SIZE")
	}
	pageSize, err := strconv.Atoi(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	open := secretmanager.NewClient
	if os.Args[1] == "rest" {
		open = secretmanager.NewRESTClient
	}
	client, err := open(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	project := "projects/" + os.Args[2]
	var found report
	if found.Greeting, err = greet(ctx, client, project+"/secrets/many/versions/1"); err != nil {
		log.Fatal("greeting: ", err)
	}
	if found.Held, err = hold(ctx, client, "projects/"+os.Args[3], "held-by-go-"+os.Args[1]); err != nil {
		log.Fatal("held: ", err)
	}
	secrets := client.ListSecrets(ctx, &secretmanagerpb.ListSecretsRequest{Parent: project, PageSize: int32(pageSize)})
	if found.Secrets, err = count(secrets.Next); err != nil {
		log.Fatal("secrets: ", err)
	}
	versions := client.ListSecretVersions(ctx, &secretmanagerpb.ListSecretVersionsRequest{
		Parent: project + "/secrets/many", PageSize: int32(pageSize),
	})
	if found.Versions, err = count(versions.Next); err != nil {
		log.Fatal("versions: ", err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

func greet(ctx context.Context, client *secretmanager.Client, name string) (string, error) {
	answer, err := client.AccessSecretVersion(ctx, &secretmanagerpb.AccessSecretVersionRequest{Name: name})
	if err != nil {
		return "", err
	}
	return string(answer.Payload.Data), nil
}

func hold(ctx context.Context, client *secretmanager.Client, project string, id string) (int, error) {
	automatic := &secretmanagerpb.Replication_Automatic_{Automatic: &secretmanagerpb.Replication_Automatic{}}
	secret, err := client.CreateSecret(ctx, &secretmanagerpb.CreateSecretRequest{
		Parent:   project,
		SecretId: id,
		Secret: &secretmanagerpb.Secret{
			Labels:      map[string]string{"empty": "", "full": "x"},
			Replication: &secretmanagerpb.Replication{Replication: automatic},
		},
	})
	if err != nil {
		return 0, err
	}
	data := make([]byte, 65536)
	for index := range data {
		data[index] = byte(index * 7)
	}
	sum := int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
	version, err := client.AddSecretVersion(ctx, &secretmanagerpb.AddSecretVersionRequest{
		Parent:  secret.Name,
		Payload: &secretmanagerpb.SecretPayload{Data: data, DataCrc32C: &sum},
	})
	if err != nil {
		return 0, err
	}
	answer, err := client.AccessSecretVersion(ctx, &secretmanagerpb.AccessSecretVersionRequest{Name: version.Name})
	if err != nil {
		return 0, err
	}
	if !bytes.Equal(answer.Payload.Data, data) || answer.Payload.GetDataCrc32C() != sum {
		return 0, errors.New("the payload came back changed")
	}
	again, err := client.GetSecret(ctx, &secretmanagerpb.GetSecretRequest{Name: secret.Name})
	if err != nil {
		return 0, err
	}
	if empty, ok := again.Labels["empty"]; !ok || empty != "" || again.Labels["full"] != "x" {
		return 0, errors.New("the labels came back changed")
	}
	return len(answer.Payload.Data), nil
}

func count[T any](next func() (T, error)) (int, error) {
	for found := 0; ; found++ {
		if _, err := next(); errors.Is(err, iterator.Done) {
			return found, nil
		} else if err != nil {
			return found, err
		}
	}
}
