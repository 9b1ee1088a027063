import com.google.gson.JsonObject;
import io.github.centrifugal.centrifuge.Client;
import io.github.centrifugal.centrifuge.ConnectedEvent;
import io.github.centrifugal.centrifuge.ConnectingEvent;
import io.github.centrifugal.centrifuge.DisconnectedEvent;
import io.github.centrifugal.centrifuge.ErrorEvent;
import io.github.centrifugal.centrifuge.EventListener;
import io.github.centrifugal.centrifuge.ServerJoinEvent;
import io.github.centrifugal.centrifuge.ServerLeaveEvent;
import io.github.centrifugal.centrifuge.ServerPublicationEvent;
import io.github.centrifugal.centrifuge.ServerSubscribedEvent;
import io.github.centrifugal.centrifuge.ServerSubscribingEvent;
import io.github.centrifugal.centrifuge.ServerUnsubscribedEvent;

/** Tells what happens to a client and to its server-side subscriptions. */
final class ClientEvents extends EventListener {
  private final Teller teller;

  ClientEvents(Teller teller) {
    this.teller = teller;
  }

  private static JsonObject event(String name) {
    JsonObject told = new JsonObject();
    told.addProperty("event", name);
    return told;
  }

  private static JsonObject event(String name, String channel) {
    JsonObject told = event(name);
    told.addProperty("side", "server");
    told.addProperty("channel", channel);
    return told;
  }

  private void ended(String name, int code, String reason) {
    JsonObject told = event(name);
    told.addProperty("code", code);
    told.addProperty("reason", reason);
    teller.tell(told);
  }

  @Override
  public void onConnecting(Client client, ConnectingEvent event) {
    ended("connecting", event.getCode(), event.getReason());
  }

  @Override
  public void onConnected(Client client, ConnectedEvent event) {
    JsonObject told = event("connected");
    told.addProperty("client", event.getClient());
    teller.tell(told);
  }

  @Override
  public void onDisconnected(Client client, DisconnectedEvent event) {
    ended("disconnected", event.getCode(), event.getReason());
  }

  @Override
  public void onError(Client client, ErrorEvent event) {
    JsonObject told = event("error");
    told.add("error", Plain.error(event.getError()));
    teller.tell(told);
  }

  @Override
  public void onSubscribing(Client client, ServerSubscribingEvent event) {
    teller.tell(event("subscribing", event.getChannel()));
  }

  @Override
  public void onSubscribed(Client client, ServerSubscribedEvent event) {
    JsonObject told = event("subscribed", event.getChannel());
    told.addProperty("recoverable", event.getRecoverable());
    told.addProperty("positioned", event.getPositioned());
    told.addProperty("wasRecovering", event.wasRecovering());
    told.addProperty("recovered", event.getRecovered());
    if (event.getStreamPosition() != null) {
      told.add("streamPosition", Plain.position(event.getStreamPosition()));
    }
    teller.tell(told);
  }

  @Override
  public void onUnsubscribed(Client client, ServerUnsubscribedEvent event) {
    teller.tell(event("unsubscribed", event.getChannel()));
  }

  @Override
  public void onPublication(Client client, ServerPublicationEvent event) {
    JsonObject told = event("publication", event.getChannel());
    Plain.publication(told, event.getData(), event.getOffset(), event.getInfo());
    teller.tell(told);
  }

  @Override
  public void onJoin(Client client, ServerJoinEvent event) {
    JsonObject told = event("join", event.getChannel());
    told.add("info", Plain.info(event.getInfo()));
    teller.tell(told);
  }

  @Override
  public void onLeave(Client client, ServerLeaveEvent event) {
    JsonObject told = event("leave", event.getChannel());
    told.add("info", Plain.info(event.getInfo()));
    teller.tell(told);
  }
}
