using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.Client;
using Fabric.Ctl.Settings;

namespace Fabric.Ctl.Api;

/// <summary>Speaks to a controller: JSON over HTTPS. Knows no resource; every failure becomes a <see cref="CtlException"/>.</summary>
public sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly Uri _server;

    /// <param name="connection">Which controller, and who we are.</param>
    public ApiClient(Connection connection)
    {
        _server = connection.Server;
        _http = ControllerHttp.Create(_server, connection.Token, connection.CertificateAuthority, "fabricctl");
    }

    /// <summary>Asks for something.</summary>
    /// <param name="path">Below <c>/api/v1/</c>, already escaped.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<JsonNode?> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <summary>Asks for something that may not be there: null then.</summary>
    public async Task<JsonNode?> FindAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await ExchangeAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);
        return response.StatusCode == HttpStatusCode.NotFound ? null : await ReadAsync(response, cancellationToken);
    }

    /// <summary>Asks for a whole list, page by page.</summary>
    public async Task<JsonArray> ListAsync(string path, CancellationToken cancellationToken, int most = int.MaxValue)
    {
        var all = new JsonArray();
        string? next = null;
        do
        {
            var page = await GetAsync(next is null ? path : $"{path}{(path.Contains('?') ? '&' : '?')}cursor={Uri.EscapeDataString(next)}", cancellationToken);
            if (page?["items"] is not JsonArray items)
            {
                throw Strange($"{path}: the answer has no 'items'");
            }

            foreach (var item in items.ToList())
            {
                if (all.Count == most)
                {
                    return all;
                }

                items.Remove(item);
                all.Add(item);
            }

            next = page["next"] is JsonValue value ? value.ToString() : null;
        }
        while (next is { Length: > 0 } && all.Count < most);
        return all;
    }

    /// <summary>Sends something. Many changes at once carry a key by which the controller knows them again if they come twice.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">Below <c>/api/v1/</c>, already escaped.</param>
    /// <param name="body">What to send, if anything.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="place">What a JSON pointer into the body means to the user; null: the pointer itself.</param>
    /// <param name="reason">Why, where the body does not say.</param>
    public async Task<JsonNode?> SendAsync(
        HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken, Func<string, string>? place = null, string? reason = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(JsonText.Compact), Encoding.UTF8, "application/json");
        }

        if (reason is not null)
        {
            request.Headers.TryAddWithoutValidation("X-Fabric-Reason", reason);
        }

        if (path.StartsWith(Commands.Endpoints.ChangeSets, StringComparison.Ordinal) || path.StartsWith(Commands.Endpoints.BgpInjected, StringComparison.Ordinal))
        {
            request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString("n"));
        }

        using var response = await ExchangeAsync(request, cancellationToken);
        return await ReadAsync(response, cancellationToken, place);
    }

    /// <summary>Server-sent events until the server ends the stream.</summary>
    public async IAsyncEnumerable<(string Event, string Data)> WatchAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var response = await ExchangeAsync(request, cancellationToken, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode)
        {
            await ReadAsync(response, cancellationToken);
        }

        await using var events = EventReader.ReadAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(events))
        {
            yield return events.Current;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async ValueTask<bool> NextAsync(IAsyncEnumerator<(string Event, string Data)> events)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new CtlException(ExitCodes.NoAccess, $"the connection to {_server} broke: {e.Message}");
        }
    }

    private async Task<HttpResponseMessage> ExchangeAsync(
        HttpRequestMessage request, CancellationToken cancellationToken, HttpCompletionOption until = HttpCompletionOption.ResponseContentRead)
    {
        try
        {
            return await _http.SendAsync(request, until, cancellationToken);
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException tls)
        {
            var why = (tls.InnerException ?? tls).Message;
            var way = why.Contains("certificate chain", StringComparison.Ordinal) ? "; give the file of the authority that vouches for it with --ca" : "";
            throw new CtlException(ExitCodes.NoAccess, $"{_server} did not prove who it is: {why}{way}");
        }
        catch (HttpRequestException e)
        {
            throw new CtlException(ExitCodes.NoAccess, $"cannot reach {_server}: {(e.InnerException ?? e).Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CtlException(ExitCodes.NoAccess, $"{_server} did not answer in time");
        }
        finally
        {
            request.Dispose();
        }
    }

    private async Task<JsonNode?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken, Func<string, string>? place = null)
    {
        string text;
        try
        {
            text = await response.Content.ReadAsStringAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new CtlException(ExitCodes.NoAccess, $"the connection to {_server} broke: {e.Message}");
        }

        if (!response.IsSuccessStatusCode)
        {
            throw ProblemText.ToException(response.StatusCode, text, place);
        }

        if (text.Length == 0)
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            throw Strange("the answer is not JSON");
        }
    }

    private CtlException Strange(string what) => new(ExitCodes.NoAccess, $"{_server} does not answer like a controller: {what}");
}
