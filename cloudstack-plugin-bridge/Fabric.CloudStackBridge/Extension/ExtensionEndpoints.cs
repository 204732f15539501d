using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.CloudStackBridge.Security;
using Fabric.CloudStackBridge.Store;
using Fabric.Primitives;
using Fabric.Sqlite;
using Microsoft.AspNetCore.Http.Features;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>
/// What the executable of CloudStack's extension calls, and what hypervisors ask for their guests. Answers are JSON; refusals are problem
/// details (RFC 9457) that quote nothing secret.
/// </summary>
public static partial class ExtensionEndpoints
{
    /// <summary>Largest body, octets: what the extension sends at most.</summary>
    public const int LargestBody = 64 << 20;

    private const string Guests = "/guests/v1/vnets/{vnet}";

    /// <summary>CloudStack's process gives up after 40 s, and the bridge has said no before that.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Adds what the endpoints need.</summary>
    public static IServiceCollection AddExtension(this IServiceCollection services) =>
        services.AddSingleton<ExtensionStore>().AddSingleton<DomainLocks>().AddSingleton<ExtensionService>();

    /// <summary>Maps the endpoints.</summary>
    public static void MapExtension(this IEndpointRouteBuilder app)
    {
        app.MapPost("/extension/v1/{command}", Guarded(ExtensionToken.Extension, RunAsync)).WithMetadata(new OpenToAll());
        app.MapGet(Guests, Guarded(ExtensionToken.Guests, GuestsAsync)).WithMetadata(new OpenToAll());
        app.MapDelete(Guests + "/passwords/{ip}", Guarded(ExtensionToken.Guests, ForgetPasswordAsync)).WithMetadata(new OpenToAll());
    }

    private static async Task<IResult> RunAsync(HttpContext context, string cloud, CancellationToken stop)
    {
        var command = (string)context.GetRouteValue("command")!;
        if (command != "custom-action" && !Commands.Names.Contains(command))
        {
            throw new NetrisException(404, $"there is no command {Lookup.Short(command)}; is the bridge older than the extension?");
        }

        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = LargestBody;
        var body = await Fields.ReadAsync(context, LargestBody);

        // The protocol's description leaves the zone out of the one command that is never sent.
        var call = command == "set-dhcp-options" ? null : Call.Of(cloud, command, body);
        var output = call is null ? null : await context.RequestServices.GetRequiredService<ExtensionService>().RunAsync(call, stop);
        return Results.Json(new JsonObject { ["output"] = output });
    }

    /// <summary>All that a hypervisor needs to serve the guests of a V-Net, secrets included.</summary>
    private static async Task<IResult> GuestsAsync(HttpContext context, string cloud, CancellationToken stop)
    {
        var (zone, network) = NetworkOf(context, cloud);
        var store = context.RequestServices.GetRequiredService<ExtensionStore>();
        var view = await context.RequestServices.GetRequiredService<IntentFeed>().ReadyAsync(stop);
        var key = view.Find(Kinds.VNet, (string)context.GetRouteValue("vnet")!)?.Text("vpc") is { } vpc ? DomainKey.OfVpc(vpc) : null;
        var domain = key is { } known ? store.Load(known) : RoutingDomain.Empty;
        return Results.Json(
            new
            {
                service = key is { } of ? GuestServices.Of(of, network, domain) : null,
                bindings = key is { } all ? GuestServices.Bindings(all, network, domain) : [],
                guests = store.Guests(cloud, zone, network).Select(static g => new { mac = g.Mac, ip = g.Ip, files = g.Files }),
            },
            Envelope.Json);
    }

    private static Task<IResult> ForgetPasswordAsync(HttpContext context, string cloud, CancellationToken stop)
    {
        var (zone, network) = NetworkOf(context, cloud);
        var ip = IpAddr.TryParse((string)context.GetRouteValue("ip")!, out var address) ? address : throw NetrisException.Field("ip", "is no address");
        context.RequestServices.GetRequiredService<ExtensionStore>().ForgetPassword(cloud, zone, network, ip);
        return Task.FromResult(Results.Json(new JsonObject()));
    }

    private static (int Zone, int Network) NetworkOf(HttpContext context, string cloud) =>
        DomainKey.OfVNet((string)context.GetRouteValue("vnet")!) is { } vnet && vnet.Cloud == cloud
            ? (vnet.Zone, vnet.Network)
            : throw new NetrisException(404, "there is no such V-Net of this installation");

    /// <summary>Lets in who has a token for a use, and puts whatever goes wrong into the extension's frame.</summary>
    private static RequestDelegate Guarded(string use, Func<HttpContext, string, CancellationToken, Task<IResult>> handle) => async context =>
    {
        context.Response.Headers.CacheControl = "no-store";
        var log = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Fabric.CloudStackBridge.Extension");
        IResult result;

        // CloudStack's process may be gone: what has begun is brought to its end all the same.
        using var end = new CancellationTokenSource(Limit);
        try
        {
            var name = ExtensionToken.Of(context.Request) is { } token ? context.RequestServices.GetRequiredService<ExtensionStore>().NameOf(ExtensionToken.Hash(token), use) : null;
            result = name is null ? Problem(401, "the token is not known here") : await handle(context, name, end.Token);
        }
        catch (NetrisException e)
        {
            Log.Refused(log, context.Request.Method, context.Request.Path, e.Message);
            result = Problem(e.Status, e.Message);
        }
        catch (BadHttpRequestException e)
        {
            result = Problem(e.StatusCode, e.StatusCode == 413 ? "the body is too large" : "the request cannot be read");
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            Log.Refused(log, context.Request.Method, context.Request.Path, "the time is up");
            result = Problem(504, $"the controller has not accepted it within {Limit.TotalSeconds:0} s; try again later");
        }
        catch (StoreException e)
        {
            Log.Refused(log, context.Request.Method, context.Request.Path, e.Message);
            result = Problem(500, $"the bridge's own store: {e.Message}");
        }

        await result.ExecuteAsync(context);
    };

    private static IResult Problem(int status, string detail) => Results.Json(
        new JsonObject { ["type"] = "about:blank", ["title"] = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), ["status"] = status, ["detail"] = detail },
        default(JsonSerializerOptions),
        "application/problem+json",
        status);

    private static partial class Log
    {
        [LoggerMessage(EventId = 3040, Level = LogLevel.Warning, Message = "{Method} {Path} refused: {Reason}")]
        public static partial void Refused(ILogger logger, string method, string path, string reason);
    }
}
