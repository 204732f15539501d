using System.Text;

namespace Fabric.Client.Tests;

public sealed class EventReaderTests
{
    [Fact]
    public async Task Events_are_read_with_their_names_comments_are_not()
    {
        const string text = ": alive\n\nevent: change\nid: 7\ndata: {\"a\":\ndata: 1}\n\ndata:plain\r\n\r\nevent: empty\n\ndata: cut off";
        var events = new List<(string, string)>();
        await foreach (var e in EventReader.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), TestContext.Current.CancellationToken))
        {
            events.Add(e);
        }

        Assert.Equal([("change", "{\"a\":\n1}"), ("message", "plain")], events);
    }

    [Fact]
    public void Client_speaks_to_the_api_with_its_token()
    {
        using var http = ControllerHttp.Create(new Uri("https://127.0.0.1:8443"), "fab_x", null, "tester");
        Assert.Equal("https://127.0.0.1:8443/api/v1/", http.BaseAddress!.ToString());
        Assert.Equal("Bearer fab_x", http.DefaultRequestHeaders.Authorization!.ToString());
        Assert.Equal("tester", http.DefaultRequestHeaders.UserAgent.ToString());
    }
}
