// Through the official Go SDK with its default settings, over one binding: go_client URL BINDING.
// A quick send, and then twelve silent seconds of a blocking send, a stream and a resubscription.
package main

import (
	"context"
	"fmt"
	"iter"
	"log"
	"os"

	"github.com/a2aproject/a2a-go/v2/a2a"
	"github.com/a2aproject/a2a-go/v2/a2aclient"
	"github.com/a2aproject/a2a-go/v2/a2aclient/agentcard"
)

var ctx = context.Background()

func request(text string, immediately bool) *a2a.SendMessageRequest {
	sent := &a2a.SendMessageRequest{Message: a2a.NewMessage(a2a.MessageRoleUser, a2a.NewTextPart(text))}
	if immediately {
		sent.Config = &a2a.SendMessageConfig{ReturnImmediately: true}
	}
	return sent
}

func send(client *a2aclient.Client, text string, immediately bool) (*a2a.Task, error) {
	result, err := client.SendMessage(ctx, request(text, immediately))
	if err != nil {
		return nil, err
	}
	task, ok := result.(*a2a.Task)
	if !ok {
		return nil, fmt.Errorf("%T is no task", result)
	}
	return task, nil
}

// completed says whether a blocking send ended with this text.
func completed(client *a2aclient.Client, text, answer string) error {
	task, err := send(client, text, false)
	if err != nil {
		return err
	}
	if task.Status.State != a2a.TaskStateCompleted {
		return fmt.Errorf("the task is in %s", task.Status.State)
	}
	if got := task.Artifacts[0].Parts[0].Text(); got != answer {
		return fmt.Errorf("the answer is %q", got)
	}
	return nil
}

// completes reads all events, and says whether the last one told of the end.
func completes(events iter.Seq2[a2a.Event, error]) error {
	var last a2a.Event
	for event, err := range events {
		if err != nil {
			return err
		}
		last = event
	}
	if update, ok := last.(*a2a.TaskStatusUpdateEvent); !ok || update.Status.State != a2a.TaskStateCompleted {
		return fmt.Errorf("the last event is %#v", last)
	}
	return nil
}

func resubscription(client *a2aclient.Client) error {
	task, err := send(client, "slow", true)
	if err != nil {
		return err
	}
	return completes(client.SubscribeToTask(ctx, &a2a.SubscribeToTaskRequest{ID: task.ID}))
}

func check(client *a2aclient.Client) error {
	if err := completed(client, "echo hi", "Echo: echo hi"); err != nil {
		return fmt.Errorf("a quick send: %w", err)
	}
	slow := map[string]func() error{
		"send":           func() error { return completed(client, "slow", "at last") },
		"stream":         func() error { return completes(client.SendStreamingMessage(ctx, request("slow", false))) },
		"resubscription": func() error { return resubscription(client) },
	}
	results := make(chan error)
	for name, run := range slow {
		go func() {
			err := run()
			if err != nil {
				err = fmt.Errorf("a slow %s: %w", name, err)
			}
			results <- err
		}()
	}
	for range slow {
		if err := <-results; err != nil {
			return err
		}
	}
	return nil
}

func main() {
	url, binding := os.Args[1], a2a.TransportProtocol(os.Args[2])
	card, err := agentcard.DefaultResolver.Resolve(ctx, url)
	if err != nil {
		log.Fatalf("the card: %v", err)
	}
	config := a2aclient.Config{PreferredTransports: []a2a.TransportProtocol{binding}}
	client, err := a2aclient.NewFromCard(ctx, card, a2aclient.WithConfig(config))
	if err != nil {
		log.Fatalf("the client: %v", err)
	}
	if err := check(client); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("slow answers arrive over %s\n", binding)
}
