import com.google.gson.JsonObject;
import io.github.centrifugal.centrifuge.ClientInfo;
import io.github.centrifugal.centrifuge.JoinEvent;
import io.github.centrifugal.centrifuge.LeaveEvent;
import io.github.centrifugal.centrifuge.PublicationEvent;
import io.github.centrifugal.centrifuge.SubscribedEvent;
import io.github.centrifugal.centrifuge.SubscribingEvent;
import io.github.centrifugal.centrifuge.Subscription;
import io.github.centrifugal.centrifuge.SubscriptionErrorEvent;
import io.github.centrifugal.centrifuge.SubscriptionEventListener;
import io.github.centrifugal.centrifuge.SubscriptionSubscribeError;
import io.github.centrifugal.centrifuge.UnsubscribedEvent;

/** Tells what happens to one subscription that the client made. */
final class ChannelEvents extends SubscriptionEventListener {
  private final Teller teller;

  ChannelEvents(Teller teller) {
    this.teller = teller;
  }

  private static JsonObject event(String name, Subscription subscription) {
    JsonObject told = new JsonObject();
    told.addProperty("event", name);
    told.addProperty("side", "client");
    told.addProperty("channel", subscription.getChannel());
    return told;
  }

  private void ended(String name, Subscription subscription, int code, String reason) {
    JsonObject told = event(name, subscription);
    told.addProperty("code", code);
    told.addProperty("reason", reason);
    teller.tell(told);
  }

  private void moved(String name, Subscription subscription, ClientInfo info) {
    JsonObject told = event(name, subscription);
    told.add("info", Plain.info(info));
    teller.tell(told);
  }

  @Override
  public void onSubscribing(Subscription subscription, SubscribingEvent event) {
    ended("subscribing", subscription, event.getCode(), event.getReason());
  }

  @Override
  public void onSubscribed(Subscription subscription, SubscribedEvent event) {
    JsonObject told = event("subscribed", subscription);
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
  public void onUnsubscribed(Subscription subscription, UnsubscribedEvent event) {
    ended("unsubscribed", subscription, event.getCode(), event.getReason());
  }

  @Override
  public void onPublication(Subscription subscription, PublicationEvent event) {
    JsonObject told = event("publication", subscription);
    Plain.publication(told, event.getData(), event.getOffset(), event.getInfo());
    teller.tell(told);
  }

  @Override
  public void onJoin(Subscription subscription, JoinEvent event) {
    moved("join", subscription, event.getInfo());
  }

  @Override
  public void onLeave(Subscription subscription, LeaveEvent event) {
    moved("leave", subscription, event.getInfo());
  }

  @Override
  public void onError(Subscription subscription, SubscriptionErrorEvent event) {
    Throwable error = event.getError();
    if (error instanceof SubscriptionSubscribeError refused) {
      error = refused.getError();
    }
    JsonObject told = event("error", subscription);
    told.add("error", Plain.error(error));
    teller.tell(told);
  }
}
