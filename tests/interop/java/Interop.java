// Every operation of A2A 0.3 through the official Java client, over one binding:
// Interop.java URL JSONRPC|HTTP+JSON|GRPC.

import io.a2a.A2A;
import io.a2a.client.Client;
import io.a2a.client.ClientEvent;
import io.a2a.client.MessageEvent;
import io.a2a.client.TaskEvent;
import io.a2a.client.TaskUpdateEvent;
import io.a2a.client.config.ClientConfig;
import io.a2a.client.transport.grpc.GrpcTransport;
import io.a2a.client.transport.grpc.GrpcTransportConfig;
import io.a2a.client.transport.jsonrpc.JSONRPCTransport;
import io.a2a.client.transport.jsonrpc.JSONRPCTransportConfig;
import io.a2a.client.transport.rest.RestTransport;
import io.a2a.client.transport.rest.RestTransportConfig;
import io.a2a.spec.A2AClientException;
import io.a2a.spec.AgentCard;
import io.a2a.spec.DeleteTaskPushNotificationConfigParams;
import io.a2a.spec.GetTaskPushNotificationConfigParams;
import io.a2a.spec.ListTaskPushNotificationConfigParams;
import io.a2a.spec.Message;
import io.a2a.spec.PushNotificationConfig;
import io.a2a.spec.Task;
import io.a2a.spec.TaskIdParams;
import io.a2a.spec.TaskNotCancelableError;
import io.a2a.spec.TaskNotFoundError;
import io.a2a.spec.TaskPushNotificationConfig;
import io.a2a.spec.TaskQueryParams;
import io.a2a.spec.TaskState;
import io.a2a.spec.TextPart;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

public class Interop {
    static String binding;
    static AgentCard card;

    interface Call {
        void run(List<BiConsumer<ClientEvent, AgentCard>> consumers, Consumer<Throwable> failed) throws Exception;
    }

    static void equal(Object actual, Object expected) {
        if (!actual.equals(expected)) throw new AssertionError(actual + " is not " + expected);
    }

    static Client client(boolean streaming) throws Exception {
        ClientConfig config = new ClientConfig.Builder().setStreaming(streaming).build();
        var builder = Client.builder(card).clientConfig(config);
        switch (binding) {
            case "JSONRPC" -> builder.withTransport(JSONRPCTransport.class, new JSONRPCTransportConfig());
            case "HTTP+JSON" -> builder.withTransport(RestTransport.class, new RestTransportConfig());
            case "GRPC" -> builder.withTransport(GrpcTransport.class, new GrpcTransportConfig(
                address -> ManagedChannelBuilder.forTarget(address).usePlaintext().build()));
            default -> throw new IllegalArgumentException(binding);
        }
        return builder.build();
    }

    static Task taskOf(ClientEvent event) {
        return event instanceof TaskEvent one ? one.getTask() : ((TaskUpdateEvent) event).getTask();
    }

    /** The first event for which `last` holds. */
    static ClientEvent eventOf(Call call, java.util.function.Predicate<ClientEvent> last) throws Exception {
        var found = new CompletableFuture<ClientEvent>();
        List<BiConsumer<ClientEvent, AgentCard>> consumers = List.of((event, of) -> {
            if (last.test(event)) found.complete(event);
        });
        call.run(consumers, error -> {
            if (error != null) found.completeExceptionally(error);
        });
        return found.get(60, TimeUnit.SECONDS);
    }

    static boolean ended(ClientEvent event) {
        return event instanceof MessageEvent || taskOf(event).getStatus().state().isFinal()
            || taskOf(event).getStatus().state() == TaskState.INPUT_REQUIRED;
    }

    static ClientEvent send(Client client, Message message) throws Exception {
        return eventOf((consumers, failed) -> client.sendMessage(message, consumers, failed), Interop::ended);
    }

    static Task ask(Client client, String text) throws Exception {
        return taskOf(send(client, A2A.toUserMessage(text)));
    }

    static String textOf(Task task) {
        var text = new StringBuilder();
        for (var part : task.getArtifacts().get(0).parts()) text.append(((TextPart) part).getText());
        return text.toString();
    }

    static void completed(Task task, String answer) {
        equal(task.getStatus().state(), TaskState.COMPLETED);
        equal(textOf(task), answer);
    }

    static void checkSends(Client unary, Client streaming) throws Exception {
        completed(ask(unary, "echo hi"), "Echo: echo hi");
        completed(ask(streaming, "count"), "1 2 3 4 5 ");
        var direct = (MessageEvent) send(unary, A2A.toUserMessage("direct"));
        equal(((TextPart) direct.getMessage().getParts().get(0)).getText(), "Just a message.");
        equal(ask(unary, "fail").getStatus().state(), TaskState.FAILED);
    }

    static void checkTurns(Client unary) throws Exception {
        Task asked = ask(unary, "ask");
        equal(asked.getStatus().state(), TaskState.INPUT_REQUIRED);
        Task done = taskOf(send(unary, A2A.createUserTextMessage("Ada", asked.getContextId(), asked.getId())));
        equal(done.getId(), asked.getId());
        completed(done, "Hello, Ada!");
    }

    static void checkGet(Client unary) throws Exception {
        Task task = ask(unary, "echo x");
        // Over HTTP+JSON the client writes a space before the length, which its own library refuses.
        int length = binding.equals("JSONRPC") ? 1 : 0;
        Task got = unary.getTask(new TaskQueryParams(task.getId(), length));
        equal(got.getId(), task.getId());
        equal(got.getHistory().size(), 1);
    }

    static void checkCancelAndResubscribe(Client streaming) throws Exception {
        String id = taskOf(eventOf(
            (consumers, failed) -> streaming.sendMessage(A2A.toUserMessage("wait"), consumers, failed), event -> true)).getId();
        // The subscription has to be there before the task ends.
        var subscribed = new CompletableFuture<ClientEvent>();
        ClientEvent last = eventOf((consumers, failed) -> {
            List<BiConsumer<ClientEvent, AgentCard>> heard = List.of((event, of) -> {
                subscribed.complete(event);
                consumers.forEach(consumer -> consumer.accept(event, of));
            });
            streaming.resubscribe(new TaskIdParams(id), heard, failed);
            subscribed.get(60, TimeUnit.SECONDS);
            equal(streaming.cancelTask(new TaskIdParams(id)).getStatus().state(), TaskState.CANCELED);
        }, Interop::ended);
        equal(taskOf(last).getStatus().state(), TaskState.CANCELED);
    }

    interface Refused {
        void run() throws A2AClientException;
    }

    static void refused(Refused call, Class<?> kind) {
        try {
            call.run();
        } catch (A2AClientException error) {
            if (!kind.isInstance(error.getCause())) throw new AssertionError(error.getCause() + " is not " + kind, error);
            return;
        }
        throw new AssertionError(kind + " was not thrown");
    }

    static void checkErrors(Client unary) throws Exception {
        String unknown = UUID.randomUUID().toString();
        String done = ask(unary, "echo done").getId();
        refused(() -> unary.getTask(new TaskQueryParams(unknown)), TaskNotFoundError.class);
        refused(() -> unary.cancelTask(new TaskIdParams(unknown)), TaskNotFoundError.class);
        // Over gRPC the client looks for its own names of errors in their messages.
        Class<?> kind = binding.equals("GRPC") ? StatusRuntimeException.class : TaskNotCancelableError.class;
        refused(() -> unary.cancelTask(new TaskIdParams(done)), kind);
    }

    static void checkPushConfigurations(Client unary, Client streaming) throws Exception {
        String id = taskOf(eventOf(
            (consumers, failed) -> streaming.sendMessage(A2A.toUserMessage("wait"), consumers, failed), event -> true)).getId();
        var config = new TaskPushNotificationConfig(id, new PushNotificationConfig("https://example.com/hook", null, null, "c"));
        equal(unary.setTaskPushNotificationConfiguration(config).pushNotificationConfig().url(), "https://example.com/hook");
        var got = unary.getTaskPushNotificationConfiguration(new GetTaskPushNotificationConfigParams(id, "c"));
        equal(got.pushNotificationConfig().url(), "https://example.com/hook");
        var of = new ListTaskPushNotificationConfigParams(id);
        equal(unary.listTaskPushNotificationConfigurations(of).size(), 1);
        unary.deleteTaskPushNotificationConfigurations(new DeleteTaskPushNotificationConfigParams(id, "c"));
        equal(unary.listTaskPushNotificationConfigurations(of).size(), 0);
        unary.cancelTask(new TaskIdParams(id));
    }

    /** As long as the client waits unless it is told otherwise. */
    static void checkSlow(Client unary, Client streaming) throws Exception {
        var failures = new java.util.concurrent.ConcurrentLinkedQueue<Throwable>();
        java.util.concurrent.Callable<?>[] all = {
            () -> { completed(ask(unary, "slow"), "at last"); return null; },
            () -> { completed(ask(streaming, "slow"), "at last"); return null; },
            () -> { completed(ask(streaming, "drip"), "1 2 3 4 "); return null; }};
        var threads = new java.util.ArrayList<Thread>();
        for (var one : all) {
            var thread = new Thread(() -> {
                try {
                    one.call();
                } catch (Throwable failure) {
                    failures.add(failure);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) thread.join();
        if (!failures.isEmpty()) throw new AssertionError(failures.peek());
    }

    public static void main(String[] arguments) throws Exception {
        binding = arguments[1];
        card = A2A.getAgentCard(arguments[0]);
        Client unary = client(false);
        Client streaming = client(true);
        checkSends(unary, streaming);
        checkTurns(unary);
        checkGet(unary);
        checkCancelAndResubscribe(streaming);
        // Over HTTP+JSON the client reads no errors but those that its own server writes, and refuses its own address of
        // a push configuration, in which it has written a space.
        boolean rest = binding.equals("HTTP+JSON");
        if (!rest) checkErrors(unary);
        if (!rest) checkPushConfigurations(unary, streaming);
        checkSlow(unary, streaming);
        System.out.println("checked: send, stream, several turns, get, cancel, resubscribe, " + (rest ? "" : "errors, push configurations, ")
            + "12 s of silence, a stream of 24 s");
        System.exit(0);
    }
}
