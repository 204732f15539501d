using System.Globalization;

namespace Fabric.Controller.Http;

/// <summary>A response that is a stream of server-sent events (WHATWG HTML section 9.2).</summary>
internal sealed class EventStream
{
    private readonly HttpResponse _response;
    private readonly CancellationToken _cancellationToken;

    private EventStream(HttpResponse response, CancellationToken cancellationToken)
    {
        _response = response;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Begins the response; the client knows by a comment that it is heard.</summary>
    public static async Task<EventStream> StartAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        var stream = new EventStream(response, cancellationToken);
        await stream.CommentAsync("watching");
        return stream;
    }

    /// <summary>Sends an event.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="id">Its number, by which a client can resume.</param>
    /// <param name="data">Its data, one line: JSON escapes line breaks.</param>
    public async Task EventAsync(string type, long? id, string data)
    {
        var text = id is { } number
            ? string.Create(CultureInfo.InvariantCulture, $"event: {type}\nid: {number}\ndata: {data}\n\n")
            : $"event: {type}\ndata: {data}\n\n";
        await _response.WriteAsync(text, _cancellationToken);
        await _response.Body.FlushAsync(_cancellationToken);
    }

    /// <summary>Sends what clients pass over.</summary>
    public async Task CommentAsync(string text)
    {
        await _response.WriteAsync($": {text}\n\n", _cancellationToken);
        await _response.Body.FlushAsync(_cancellationToken);
    }
}
